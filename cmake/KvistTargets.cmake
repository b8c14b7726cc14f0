# How every target of the project is compiled: C17 without extensions, warnings, hidden symbols, sanitizers.

function(kvist_compile_options target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(KVIST_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(KVIST_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${KVIST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${KVIST_SANITIZE})
  endif()
endfunction()

# kvist_library(nn): the static library lib<name>.a with its public header directory, also known as kvist::<name>.
function(kvist_library name)
  add_library(kvist_${name} STATIC ${ARGN})
  add_library(kvist::${name} ALIAS kvist_${name})
  kvist_compile_options(kvist_${name})
  set_target_properties(kvist_${name} PROPERTIES OUTPUT_NAME ${name} EXPORT_NAME ${name})
  target_include_directories(kvist_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
endfunction()

# kvist_test(name LIBS kvist::env ... [SOURCES more.c] [LABELS ...]): tests/test_<name>.c as the ctest test <name>.
function(kvist_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "LIBS;SOURCES;LABELS;ARGS" ${ARGN})
  add_executable(test_${name} test_${name}.c ${arg_SOURCES})
  kvist_compile_options(test_${name})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(test_${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA m)
  add_test(NAME ${name} COMMAND test_${name} ${arg_ARGS})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}")
endfunction()
