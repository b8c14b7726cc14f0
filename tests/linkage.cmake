# Programs outside the tree, against what is installed.
if(NOT KVIST_SANITIZE)
  add_test(NAME linkage COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/linkage/run ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/linkage)
  set_tests_properties(linkage PROPERTIES LABELS linkage TIMEOUT 900)
endif()
