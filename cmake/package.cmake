# The Debian package: cpack -G DEB in the folder of a build. Libraries are found by dpkg-shlibdeps.
# Packing takes what is built, and builds nothing.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

install(TARGETS mandate RUNTIME DESTINATION /usr/bin)
install(FILES ${packaging}/systemd/mandate.service DESTINATION /lib/systemd/system)
install(FILES ${packaging}/systemd/mandate.sysusers DESTINATION /usr/lib/sysusers.d
        RENAME mandate.conf)
install(FILES ${packaging}/systemd/mandate.tmpfiles DESTINATION /usr/lib/tmpfiles.d
        RENAME mandate.conf)
install(FILES ${packaging}/mandate.yaml DESTINATION /etc/mandate)
install(FILES README.md CHANGELOG.md DESTINATION /usr/share/doc/mandate)
install(FILES LICENSE DESTINATION /usr/share/doc/mandate RENAME copyright)
install(FILES docs/configuration.md DESTINATION /usr/share/doc/mandate)
install(DIRECTORY docs/runbooks docs/operate docs/enforcement DESTINATION /usr/share/doc/mandate)

# What the program says of itself, made when it is packed.
install(CODE [[
  set(stage "$ENV{DESTDIR}")
  function(write_of PATH)
    execute_process(COMMAND "${stage}/usr/bin/mandate" ${ARGN}
                    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE "${stage}${PATH}" "${text}")
  endfunction()
  write_of(/usr/share/bash-completion/completions/mandate completion bash)
  write_of(/usr/share/zsh/vendor-completions/_mandate completion zsh)
  write_of(/usr/share/fish/vendor_completions.d/mandate.fish completion fish)
  write_of(/usr/share/man/man1/mandate.1 man)
  execute_process(COMMAND gzip -9nf "${stage}/usr/share/man/man1/mandate.1"
                  COMMAND_ERROR_IS_FATAL ANY)
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mandate)
set(CPACK_PACKAGE_VENDOR "Mandate")
set(CPACK_PACKAGE_CONTACT "Mandate <mandate@acme.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "who may act for whom, proven")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Governs delegations between people and software, issues tokens that can only\n"
    " narrow, decides over every hop's rights as they are now, and proves afterwards\n"
    " who really acted.")
list(JOIN CPACK_DEBIAN_PACKAGE_DESCRIPTION "" CPACK_DEBIAN_PACKAGE_DESCRIPTION)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm
    ${packaging}/debian/conffiles)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
