# SPDX-License-Identifier: Apache-2.0
anpr_bench(decide USES anpr_text anpr_policy anpr_base)
