# SPDX-License-Identifier: Apache-2.0
# That the net has no hole: programs with one deliberate fault each, which must fail, with the right words, where the
# sanitizer that is for it is built in. They are built nowhere else.
function(anpr_broken name sanitizer words)
	if(NOT "${ANPR_SANITIZE}" MATCHES "${sanitizer}")
		return()
	endif()
	set(source ${CMAKE_CURRENT_SOURCE_DIR}/broken_${name}.c)
	add_executable(broken_${name} ${source})
	target_link_libraries(broken_${name} PRIVATE anpr_base Threads::Threads anpr_warnings)
	# It ends well only where the program does not and says why. What was said is shown where it is not what it should
	# be: a report of an error in the log of a test that passed misleads who reads it.
	add_test(NAME broken_${name}
		COMMAND sh -c "said=$(\"$1\" 2>&1) && exit 1; echo \"$said\" | grep -q \"$2\" || { echo \"$said\"; exit 1; }" sh
			$<TARGET_FILE:broken_${name}> ${words})
endfunction()
anpr_broken(leak address "LeakSanitizer: detected memory leaks")
anpr_broken(overflow address "AddressSanitizer: heap-buffer-overflow")
anpr_broken(stale address "AddressSanitizer: heap-use-after-free")
anpr_broken(undefined undefined "runtime error: signed integer overflow")
anpr_broken(race thread "ThreadSanitizer: data race")
