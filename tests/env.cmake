# The tests of libenv.
kvist_test(cartpole LIBS kvist::env ARGS ${CMAKE_CURRENT_SOURCE_DIR}/data/cartpole_reference.txt)
kvist_test(cartpole_vec LIBS kvist::env)
kvist_test(cartpole_render LIBS kvist::env)
kvist_test(cartpole_bins LIBS kvist::env)

kvist_test(cartpole_physics LIBS kvist::env)
target_include_directories(test_cartpole_physics PRIVATE ${PROJECT_SOURCE_DIR}/libenv/src)
# Which kernels there are.
target_compile_definitions(test_cartpole_physics PRIVATE $<TARGET_PROPERTY:kvist_env,COMPILE_DEFINITIONS>)
target_compile_options(test_cartpole_physics PRIVATE -ffp-contract=off)

# The generator once as the library has it, once with the multiplication for compilers without 128-bit integers.
kvist_test(cartpole_rng LIBS kvist::env)
add_executable(test_cartpole_rng_portable test_cartpole_rng.c ${PROJECT_SOURCE_DIR}/libenv/src/rng.c)
kvist_compile_options(test_cartpole_rng_portable)
target_compile_definitions(test_cartpole_rng_portable PRIVATE ENV_NO_INT128)
target_include_directories(test_cartpole_rng_portable PRIVATE ${PROJECT_SOURCE_DIR}/libenv/include)
target_link_libraries(test_cartpole_rng_portable PRIVATE PkgConfig::CMOCKA)
add_test(NAME cartpole_rng_portable COMMAND test_cartpole_rng_portable)
set_tests_properties(cartpole_rng_portable PROPERTIES TIMEOUT 60)
