# cmake --install: libraries, headers, a CMake package with components, pkg-config files.
include(CMakePackageConfigHelpers)

set(KVIST_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kvist)
# The folders as the .pc files name them: from where they are themselves, so that an installed tree can be moved; or as they
# are, where a distribution gives absolute ones.
set(KVIST_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  set(KVIST_PC_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(folder LIBDIR INCLUDEDIR)
  set(KVIST_PC_${folder} "${CMAKE_INSTALL_${folder}}")
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    string(PREPEND KVIST_PC_${folder} "\${prefix}/")
  endif()
endforeach()
foreach(name nn env data)
  install(TARGETS kvist_${name} EXPORT kvist_${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT kvist_${name} NAMESPACE kvist:: FILE kvist-${name}.cmake DESTINATION ${KVIST_PACKAGE_DIR})
  install(DIRECTORY lib${name}/include/kvist DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

  get_target_property(libraries kvist_${name} KVIST_PRIVATE_LIBRARIES)
  list(TRANSFORM libraries REPLACE "^/.* .*$" "\"\\0\"")
  list(JOIN libraries " " KVIST_PC_LIBRARIES)
  set(KVIST_PC_NAME ${name})
  configure_file(cmake/kvist.pc.in kvist-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/kvist-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

configure_package_config_file(cmake/kvist-config.cmake.in kvist-config.cmake INSTALL_DESTINATION ${KVIST_PACKAGE_DIR})
write_basic_package_version_file(kvist-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kvist-config.cmake ${PROJECT_BINARY_DIR}/kvist-config-version.cmake
        DESTINATION ${KVIST_PACKAGE_DIR})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kvist)
