# Tests of libdata.
find_package(ZLIB REQUIRED)

# kvist_data_test(name ...): a test with the helpers for temporary files.
function(kvist_data_test name)
  kvist_test(${name} LIBS kvist::data ZLIB::ZLIB SOURCES support/temp.c LABELS data ${ARGN})
endfunction()

kvist_data_test(idx)
target_link_options(test_idx PRIVATE -Wl,--wrap=malloc)
kvist_data_test(mnist)
kvist_data_test(tokenizer)
kvist_data_test(replay)
kvist_data_test(batches)
kvist_data_test(imdb)
target_sources(test_imdb PRIVATE support/tar.c)
# Times mean something in an optimised build without sanitizers.
if(NOT KVIST_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(test_imdb PRIVATE TEST_TIMES)
endif()
kvist_data_test(synthetic)
kvist_data_test(data_memory)
target_link_options(test_data_memory PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc)
kvist_data_test(picture)
find_package(GIF)
if(GIF_FOUND)
  target_compile_definitions(test_picture PRIVATE TEST_HAVE_GIF)
  target_link_libraries(test_picture PRIVATE GIF::GIF)
endif()

add_test(NAME get_data COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_get_data.sh ${PROJECT_SOURCE_DIR}/scripts/get-data)
set_tests_properties(get_data PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS data)
