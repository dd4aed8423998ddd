# SPDX-License-Identifier: Apache-2.0
anpr_bench(decode USES anpr_source)
