# Programs outside the tree, against what is installed; and what a build is configured to.
if(NOT KVIST_SANITIZE)
  set(compiler gcc)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    set(compiler clang)
  endif()
  add_test(NAME linkage COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/linkage/run ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/linkage
    ${compiler} ${PROJECT_BINARY_DIR} $<CONFIG>)
  set_tests_properties(linkage PROPERTIES LABELS linkage TIMEOUT 900 SKIP_RETURN_CODE 77)
  add_test(NAME linkage_configure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/linkage/configure ${PROJECT_SOURCE_DIR}
    ${CMAKE_CURRENT_BINARY_DIR}/linkage-configure ${CMAKE_C_COMPILER})
  set_tests_properties(linkage_configure PROPERTIES LABELS linkage TIMEOUT 300)
endif()
