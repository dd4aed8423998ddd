# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# How the shell tools of this project speak: messages, colour, progress, help, failure.
# Source it. Everything for a person goes to standard error, so that what a command is
# asked for (an address, a status) stays alone on standard output. Colour and dots
# appear only on a terminal, and no colour where NO_COLOR is set.
# Not here: anything that does work; see net.sh and proc.sh.

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	_bold=$'\e[1m' _red=$'\e[31m' _green=$'\e[32m' _dim=$'\e[2m' _plain=$'\e[0m'
else
	_bold='' _red='' _green='' _dim='' _plain=''
fi

step()  { printf '%s==>%s %s\n' "$_bold" "$_plain" "$*" >&2; }
note()  { printf '    %s%s%s\n' "$_dim" "$*" "$_plain" >&2; }
good()  { printf '%s ok %s %s\n' "$_green" "$_plain" "$*" >&2; }
bad()   { printf '%serror:%s %s\n' "$_red" "$_plain" "$*" >&2; }
die()   { bad "$@"; exit 1; }
usage_error() { bad "$1"; printf 'try: %s --help\n' "$0" >&2; exit 2; }

# A long wait shows that it lives: one dot for each call, ended by dots_end.
dot()      { if [ -t 2 ]; then _dotted=1; printf . >&2; fi; }
dots_end() { if [ -n "${_dotted:-}" ]; then _dotted=''; printf '\n' >&2; fi; }

# help_of FILE: the comment block under the first line of FILE, which is its manual.
help_of() {
	sed -n '2,/^[^#]/{/^# SPDX/d;s/^# \{0,1\}//p}' "$1" | sed '1{/^$/d}'
}

# need COMMAND PACKAGE...: fail early, with the remedy, where a program is missing.
need() {
	command -v "$1" >/dev/null || die "$1 is not installed; run deploy/setup, or: apt-get install ${*:2}"
}
