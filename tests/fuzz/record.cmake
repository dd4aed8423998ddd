# SPDX-License-Identifier: Apache-2.0
anpr_fuzz_target(journal_entry USES anpr_record)
anpr_fuzz_target(command USES anpr_record)
anpr_fuzz_target(ledger USES anpr_record)
anpr_fuzz_target(signature USES anpr_record)
anpr_fuzz_target(documents USES anpr_record)
anpr_fuzz_target(revocation USES anpr_record)
