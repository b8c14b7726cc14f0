# The scripts, in scratch trees and with stubs of what they call; sanitizers find no more in them.
if(NOT KVIST_SANITIZE)
  add_test(NAME setup COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_setup.sh ${PROJECT_SOURCE_DIR})
  set_tests_properties(setup PROPERTIES TIMEOUT 60 LABELS scripts)
  if(TARGET imdb_sentiment)
    add_test(NAME results
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_results.sh ${PROJECT_SOURCE_DIR} $<TARGET_FILE_DIR:imdb_sentiment>)
    set_tests_properties(results PROPERTIES TIMEOUT 120 LABELS scripts)
  endif()
endif()
