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
