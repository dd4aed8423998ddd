# SPDX-License-Identifier: Apache-2.0
# cmake -DTO=FILE.c -DFOLDER=page -DNAMES=a.html;b.js -P page.cmake: the page's files as C, for page.h.
set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")

set(bytes "")
set(table "")
foreach(name IN LISTS NAMES)
	file(READ ${FOLDER}/${name} hex HEX)
	string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
	string(MAKE_C_IDENTIFIER ${name} id)
	string(REGEX MATCH "[a-z]+$" ending ${name})
	string(REGEX REPLACE "^/index.html$" "/" path "/${name}")
	string(APPEND bytes "static const uint8_t ${id}[] = {${hex}};\n")
	string(APPEND table "\t{\"${path}\", \"${types_${ending}}\", ${id}, sizeof ${id}},\n")
endforeach()
file(WRITE ${TO} "#include \"gateway/admin/page.h\"\n\n${bytes}\nconst struct page_file page_files[] = {\n${table}\t{0}};\n")
