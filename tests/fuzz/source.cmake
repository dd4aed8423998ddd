# SPDX-License-Identifier: Apache-2.0
anpr_fuzz_target(ndjson USES anpr_decode)
anpr_fuzz_target(protobuf USES anpr_decode)
anpr_fuzz_target(event_stream USES anpr_decode)
anpr_fuzz_target(read_batch USES anpr_proto)
anpr_fuzz_target(frames USES anpr_wire)
