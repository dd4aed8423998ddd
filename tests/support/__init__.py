# SPDX-License-Identifier: Apache-2.0
"""What the system and chaos tests look at the gateway with, from the outside: a broker, an installation with its
people, an independent reader of the topics. Nothing here shares code with the gateway."""
