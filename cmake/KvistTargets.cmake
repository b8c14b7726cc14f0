# How every target of the project is compiled: C17 without extensions, warnings, libraries with hidden symbols, sanitizers.

# What distributions build with, and variables that begin with a pattern where a program forgets to set them.
if(KVIST_HARDEN)
  include(CheckCCompilerFlag)
  set(KVIST_HARDEN_OPTIONS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  foreach(flag stack-protector-strong stack-clash-protection cf-protection trivial-auto-var-init=pattern)
    string(MAKE_C_IDENTIFIER "KVIST_HAS_${flag}" has)
    check_c_compiler_flag(-f${flag} ${has})
    if(${has})
      list(APPEND KVIST_HARDEN_OPTIONS -f${flag})
    endif()
  endforeach()
  # gcc takes the pattern, put where a tile's sums are declared, for a use of them.
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND KVIST_HARDEN_OPTIONS -Wno-maybe-uninitialized)
  endif()
endif()

function(kvist_compile_options target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  # Whoever links a library into a shared one does not hand on its functions, unless its builder wants so. A test program's own
  # ones may stand in for those that shared libraries call.
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "EXECUTABLE" AND NOT DEFINED CMAKE_C_VISIBILITY_PRESET)
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden)
  endif()
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(KVIST_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(KVIST_HARDEN)
    target_compile_options(${target} PRIVATE ${KVIST_HARDEN_OPTIONS})
    target_link_options(${target} PRIVATE LINKER:-z,relro,-z,now,-z,noexecstack)
  endif()
  if(KVIST_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${KVIST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${KVIST_SANITIZE})
  endif()
endfunction()

# What scripts/coverage counts: each line and branch as it is written, which the optimiser would join and double.
function(kvist_counted target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Coverage>:-O0;--coverage;-fprofile-update=prefer-atomic>)
endfunction()

# kvist_library(nn): the static library lib<name>.a with its public header directory, also known as kvist::<name>.
function(kvist_library name)
  add_library(kvist_${name} STATIC ${ARGN})
  add_library(kvist::${name} ALIAS kvist_${name})
  kvist_compile_options(kvist_${name})
  kvist_counted(kvist_${name})
  # A project around this one may have no build type, and a compiler that is told nothing does not optimise at all.
  if(NOT CMAKE_C_FLAGS MATCHES "(^| )-O")
    target_compile_options(kvist_${name} PRIVATE $<$<STREQUAL:$<CONFIG>,>:-O2>)
  endif()
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
  target_link_libraries(test_${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA -lm)
  add_test(NAME ${name} COMMAND test_${name} ${arg_ARGS})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Coverage") # not optimised, each branch counted
    math(EXPR arg_TIMEOUT "10 * ${arg_TIMEOUT}")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}")
endfunction()

# kvist_third_party(nn BUILD PkgConfig::JANSSON INSTALLED ${JANSSON_LIBRARIES}): links a library privately. In the build by its
# target; an installed package names the plain library (or the full path of one outside the linker's own directories), so that
# whoever links the static library needs neither our find modules nor the third party's CMake or pkg-config files. Names become
# options, for CMake takes a name for a target where the project around has one of that name.
function(kvist_third_party name)
  cmake_parse_arguments(arg "" "" "BUILD;INSTALLED" ${ARGN})
  list(TRANSFORM arg_BUILD REPLACE "^([^-/:][^:]*)$" "-l\\1")
  list(TRANSFORM arg_INSTALLED REPLACE "^([^-/].*)$" "-l\\1")
  foreach(item IN LISTS arg_BUILD)
    target_link_libraries(kvist_${name} PRIVATE "$<BUILD_INTERFACE:${item}>")
  endforeach()
  foreach(item IN LISTS arg_INSTALLED)
    get_filename_component(directory "${item}" DIRECTORY)
    if(directory IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES AND item MATCHES "/lib([^/]+)\\.(so|dylib|tbd)$")
      set(item "-l${CMAKE_MATCH_1}")
    endif()
    target_link_libraries(kvist_${name} PRIVATE "$<INSTALL_INTERFACE:${item}>")
    set_property(TARGET kvist_${name} APPEND PROPERTY KVIST_PRIVATE_LIBRARIES "${item}")
  endforeach()
endfunction()
