# SPDX-License-Identifier: Apache-2.0
anpr_bench(core USES anpr_core anpr_text)
