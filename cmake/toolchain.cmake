# Compiler flags, build tools and libraries, the same for every target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Paths relative to the source tree, so that every build directory shares one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                    -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees uninitialised and dangling members inside std::variant and tl::expected that are
  # not there.
  add_compile_options(-Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-restrict)
endif()
# Assertions are always on: a broken invariant stops the program in a release too.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
add_compile_options(-fstack-protector-strong)

set(MANDATE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")
if(MANDATE_SANITIZE)
  add_compile_options(-fsanitize=${MANDATE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0)
  add_link_options(-fsanitize=${MANDATE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14's UBSan fails on coroutines with it.
    add_compile_options(-fno-sanitize=function)
    if(MANDATE_FUZZ)
      add_compile_options(-fsanitize=fuzzer-no-link)
    endif()
  endif()
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(date REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(Boost 1.81 REQUIRED COMPONENTS url)

# Beast with coroutines, header only; compiled in at most four translation units.
add_library(mandate_beast INTERFACE)
target_link_libraries(mandate_beast INTERFACE Boost::headers Boost::url Threads::Threads)
