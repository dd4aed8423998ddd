# SPDX-License-Identifier: Apache-2.0
anpr_fuzz_target(agreement USES anpr_text anpr_policy anpr_base)
anpr_fuzz_target(cases USES anpr_text anpr_policy anpr_base)
anpr_fuzz_target(charter USES anpr_text anpr_base)
anpr_fuzz_target(register USES anpr_text anpr_policy anpr_base)
anpr_fuzz_target(zone USES anpr_policy anpr_base)
