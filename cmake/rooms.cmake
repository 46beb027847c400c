# mandate_room(NAME USES rooms... LIBRARIES targets...)
#
# A room is the static library of the sources under mandate/NAME (in subfolders too). It links only
# the rooms it may include. A room without sources is an interface target, until its first file.
function(mandate_room NAME)
  cmake_parse_arguments(ROOM "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/mandate/${NAME}/*.cc)
  set(linked ${ROOM_USES})
  list(TRANSFORM linked PREPEND mandate_)
  if(sources)
    add_library(mandate_${NAME} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(mandate_${NAME} PRIVATE ${ROOM_LIBRARIES})
  else()
    add_library(mandate_${NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/mandate/${NAME}/*.h)
  if(headers)
    # With CMAKE_VERIFY_INTERFACE_HEADER_SETS, each header is compiled on its own.
    target_sources(mandate_${NAME} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                            FILES ${headers})
  endif()
  target_link_libraries(mandate_${NAME} ${scope} ${linked} tl::expected Threads::Threads)
  target_include_directories(mandate_${NAME} ${scope} ${PROJECT_SOURCE_DIR})
endfunction()
