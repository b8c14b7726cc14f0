# The bench program prints a line for every workload, in the form that scripts read.
if(TARGET kvist_bench)
  add_test(NAME bench COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_bench.sh $<TARGET_FILE_DIR:kvist_bench>)
  set_tests_properties(bench PROPERTIES TIMEOUT 120 LABELS bench)
endif()
