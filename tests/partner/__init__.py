# SPDX-License-Identifier: Apache-2.0
"""A partner of the gateway, simulated: its cameras, its traffic, its stream and its troubles."""
