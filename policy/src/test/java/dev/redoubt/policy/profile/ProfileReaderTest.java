package dev.redoubt.policy.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.DeviceName;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProfileReaderTest {
    private static Profile read(String text) {
        return ProfileReader.alone().read("p.yaml", text);
    }

    private static List<String> complaints(String text) {
        ProfileException refused = catchThrowableOfType(ProfileException.class, () -> read(text));
        assertThat(refused).as(text).isNotNull();
        return refused.complaints().stream().map(Complaint::toString).toList();
    }

    @Test
    void aWholeProfile() {
        Profile profile = read("""
                name: mine
                description: For the test.
                extends: default
                runtime: [container, microvm]
                require: [landlock, apparmor]
                users: single
                root: none
                network: localhost
                devices: [/dev/null, /dev/urandom]
                resources:
                  memory: 1.5G
                  cpus: 0.5
                  pids: 64
                  disk: 2G
                  inodes: 1000
                  io: {readBps: 10M, writeIops: 500}
                  wall: 10m
                  idle: 250ms
                filesystem:
                  root: readonly
                  writable: [/srv/data]
                  readonly: [/srv/data/settings]
                  hidden: [/etc/shadow]
                  patterns: ["**/id_rsa"]
                syscalls:
                  allow:
                    - "@debug"
                    - call: socket
                      when: [{domain: AF_UNIX}, {domain: [AF_INET, 10], type: SOCK_STREAM}]
                  deny:
                    - "@ipc"
                    - {call: chmod, when: {mode: {has: [S_ISUID, S_ISGID]}}, error: EACCES}
                  broker:
                    - mkdir
                """);
        assertThat(profile.name()).isEqualTo("mine");
        assertThat(profile.description()).isEqualTo("For the test.");
        assertThat(profile.runtimes()).containsExactly(RuntimeClass.CONTAINER, RuntimeClass.MICROVM);
        assertThat(profile.requires()).containsExactly(Layer.LANDLOCK, Layer.APPARMOR);
        assertThat(profile.users()).isEqualTo(Profile.Users.SINGLE);
        assertThat(profile.network()).isEqualTo(NetworkMode.LOCALHOST);
        assertThat(profile.devices()).containsExactly(DeviceName.NULL, DeviceName.URANDOM);
        assertThat(profile.resources().limits().memory()).isEqualTo(Size.ofMib(1536));
        assertThat(profile.resources().cpus()).contains(new Cpus(500));
        assertThat(profile.resources().inodes()).hasValue(1000);
        assertThat(profile.resources().io().readBps()).hasValue(10 << 20);
        assertThat(profile.resources().io().writeBps()).isEmpty();
        assertThat(profile.resources().wall()).contains(Duration.ofMinutes(10));
        assertThat(profile.resources().idle()).contains(Duration.ofMillis(250));
        assertThat(profile.files().readOnlyRoot()).isTrue();
        assertThat(profile.files().paths())
                .isEqualTo(Map.of(
                        new InsidePath("/srv/data"), Access.WRITABLE,
                        new InsidePath("/srv/data/settings"), Access.READ_ONLY,
                        new InsidePath("/etc/shadow"), Access.HIDDEN));
        assertThat(profile.files().patterns().hidden()).containsExactly("**/id_rsa");
        assertThat(profile.calls().groups()).contains("@debug", "@network").doesNotContain("@ipc");
        assertThat(profile.calls().asked()).containsExactly("mkdir");
        Condition unix = Condition.on(0, new Condition.OneOf(-1, new TreeSet<>(List.of(1))));
        CallRule.Allow socket =
                (CallRule.Allow) Objects.requireNonNull(profile.calls().calls().get("socket"));
        assertThat(socket.onlyWhen()).hasSize(2).startsWith(unix);
        assertThat(profile.calls().calls())
                .containsEntry("mkdir", new CallRule.Deny(CallError.EPERM))
                .containsEntry(
                        "chmod",
                        new CallRule.Allow(
                                List.of(),
                                List.of(new CallRule.Refusal(
                                        Condition.on(1, new Condition.AnyBit(06000)), CallError.EACCES))));
    }

    @Test
    void withoutAParentNothingIsAllowed() {
        Profile profile = read("users: single");
        assertThat(profile.calls()).isEqualTo(Profile.NOTHING.calls());
        assertThat(profile.name()).isEqualTo("p");
    }

    @Test
    void everyMistakeIsToldWithItsPlace() {
        assertThat(complaints("""
                        extends: default
                        roots: none
                        users: swich
                        resources:
                          memory: 1M
                          cpus: 5000
                          pids: many
                          disk: 9999999999999999999P
                          inodes: 1
                          io: {readBps: 0, speed: 4}
                          wall: 5
                          idle: 0s
                        """))
                .containsExactly(
                        "p.yaml:2:1: unknown key 'roots'; did you mean root?",
                        "p.yaml:3:8: unknown value 'swich'; did you mean switch?",
                        "p.yaml:5:11: '1M': memory must be at least 4M",
                        "p.yaml:6:9: '5000': cpus must be between 0.01 and 1024",
                        "p.yaml:7:9: 'many': not a whole number, or too large",
                        "p.yaml:8:9: '9999999999999999999P': not a whole number of bytes, or too many",
                        "p.yaml:9:11: '1': inodes must be at least 16",
                        "p.yaml:10:17: '0': an i/o limit must be at least 1",
                        "p.yaml:10:20: unknown key 'speed'; it is one of readBps, readIops, writeBps, writeIops",
                        "p.yaml:11:9: '5': not a time (write 250ms, 60s, 10m, 1h or 7d)",
                        "p.yaml:12:9: '0s': a limit of time must be from 1 ms to 3650 days");
    }

    @Test
    void pathsHaveOneMeaning() {
        assertThat(complaints("""
                        extends: default
                        filesystem:
                          hidden:
                            - /a/../etc
                            - etc
                            - /a//b
                            - /a/
                            - "/a\\0b"
                            - /ok
                            - /ok
                          readonly: [/ok, [/x]]
                          root: sometimes
                          patterns: ["**/.env", "**/.env", ../x, /a/**b]
                        """))
                .containsExactly(
                        "p.yaml:4:7: '/a/../etc': a '..' in it",
                        "p.yaml:5:7: 'etc': not an absolute path",
                        "p.yaml:6:7: '/a//b': a slash too many",
                        "p.yaml:7:7: '/a/': a slash too many",
                        "p.yaml:8:7: '/a\\x00b': a path cannot hold a NUL",
                        "p.yaml:10:7: /ok again; line 9 makes it hidden already",
                        "p.yaml:11:14: /ok again; line 9 makes it hidden already",
                        "p.yaml:11:19: a word or a line is needed here, not a list",
                        "p.yaml:12:9: unknown value 'sometimes'; it is one of readonly, writable",
                        "p.yaml:13:25: **/.env is listed twice",
                        "p.yaml:13:36: '../x': pattern '../x' begins with neither / nor **/",
                        "p.yaml:13:42: '/a/**b': in pattern '/a/**b' ** is not a name of its own");
    }

    @Test
    void rulesForFilesThatNothingCouldHoldOrThatContradict() {
        assertThat(complaints("""
                        extends: default
                        filesystem:
                          hidden: [/, /secret, /proc/version, /run]
                          readonly: [/secret/key, /dev/shm]
                          writable: [/var]
                        """))
                .containsExactly(
                        "p.yaml:3:12: / cannot be hidden: nothing would be left to run",
                        "p.yaml:3:24: /proc/version is the node's own to fill and to cover, the same in every sandbox",
                        "p.yaml:3:39: /run holds /run/redoubt, which is the node's own to fill and to cover, the same in"
                                + " every sandbox",
                        "p.yaml:4:14: /secret/key lies beneath /secret, which is hidden: nothing of it is there to be"
                                + " readonly",
                        "p.yaml:4:27: /dev/shm is the node's own to fill and to cover, the same in every sandbox",
                        "p.yaml:5:14: /var is writable as everything is; a list of what is writable makes nothing else"
                                + " readonly: say filesystem.root: readonly");
    }

    @Test
    void whatNoProfileMayHave() {
        assertThat(complaints("""
                        extends: default
                        syscalls:
                          allow:
                            - mount
                            - "@mount"
                            - io_uring_setup
                            - clone3
                            - unshare
                            - {call: socket, when: {domain: AF_VSOCK}}
                            - {call: clone, when: {flags: CLONE_NEWUSER}}
                            - {call: mknod, when: {mode: [S_IFREG, S_IFCHR]}}
                        """))
                .containsExactly(
                        "p.yaml:4:7: mount is refused to every profile: changes what a path means",
                        "p.yaml:5:7: @mount is refused to every profile: the shape of the file tree; fixed when the sandbox"
                                + " is built",
                        "p.yaml:6:7: io_uring_setup is refused to every profile: does what other calls do without the"
                                + " filter seeing it; runtimes fall back to epoll",
                        "p.yaml:7:7: clone3 is refused to every profile: its flags are in memory, where a filter cannot"
                                + " look; libraries fall back to clone",
                        "p.yaml:8:7: unshare is refused to every profile: makes or enters namespaces",
                        "p.yaml:9:37: domain AF_VSOCK of socket is refused to every profile: vsock reaches the hypervisor,"
                                + " packet the wire, alg the kernel",
                        "p.yaml:10:35: flags CLONE_NEWUSER of clone is refused to every profile: a new namespace is a new"
                                + " kernel surface, with all capabilities",
                        "p.yaml:11:34: mode S_IFCHR of mknod is refused to every profile: a device node is a door into the"
                                + " kernel");
    }

    /** A pointer's target can be changed after the check: such a rule would only seem to hold. */
    @Test
    void whatNoLayerCanEnforceSoundly() {
        assertThat(complaints("""
                        extends: default
                        syscalls:
                          deny:
                            - {call: execveat, when: {path: /bin/su}}
                            - {call: connect, when: {addr: 10.0.0.1}}
                            - {call: openat, when: {pathname: /etc/shadow}}
                            - {call: openat2, when: {flags: 1}}
                            - {call: socket, when: {family: 1}}
                            - {call: mkdir, when: {colour: red}}
                        """))
                .satisfiesExactly(
                        one -> assertThat(one).startsWith("p.yaml:4:31: a rule about the path of execveat cannot hold"),
                        one -> assertThat(one).startsWith("p.yaml:5:30: a rule about the addr of connect cannot hold"),
                        one -> assertThat(one)
                                .startsWith("p.yaml:6:29: a rule about the pathname of openat cannot hold"),
                        one -> assertThat(one)
                                .isEqualTo(
                                        "p.yaml:7:30: the arguments of openat2 lie in memory, where no filter can look"),
                        one -> assertThat(one).endsWith("of this call these can: domain, type, protocol"),
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:9:28: no argument of mkdir can be decided by its register alone"));
    }

    @Test
    void conditionsAreChecked() {
        assertThat(complaints("""
                        extends: default
                        syscalls:
                          allow:
                            - {call: socket, when: {domain: AF_INTE}}
                            - {call: socket, when: {type: 0x80001}}
                            - {call: "@ipc", when: {x: 1}}
                            - {when: {x: 1}}
                            - {call: chmod, when: []}
                            - {call: fchmod, when: {mode: 99999999999}}
                            - {call: fchmodat, when: {mode: {any: [1]}}}
                            - {call: fchmodat2, when: {mode: {has: [S_IWUSR]}}, errno: EPERM}
                        """))
                .satisfiesExactly(
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:4:37: unknown domain 'AF_INTE'; did you mean AF_INET?"),
                        one -> assertThat(one).isEqualTo("p.yaml:5:35: '0x80001' has bits that are no type"),
                        one -> assertThat(one).startsWith("p.yaml:6:28: a condition is about one system call"),
                        one -> assertThat(one).startsWith("p.yaml:7:7: an entry names a system call or a group"),
                        one -> assertThat(one).isEqualTo("p.yaml:8:27: 1 to 16 conditions, not 0"),
                        one -> assertThat(one).isEqualTo("p.yaml:9:35: '99999999999' is not a number of 32 bits"),
                        one -> assertThat(one).startsWith("p.yaml:10:37: 'mode' is a value, a list of values"),
                        one -> assertThat(one).startsWith("p.yaml:11:45: unknown mode 'S_IWUSR'"),
                        one -> assertThat(one).startsWith("p.yaml:11:57: unknown key 'errno'"));
    }

    @Test
    void callsThatContradict() {
        assertThat(complaints("""
                        extends: default
                        syscalls:
                          allow: [ptrace, "@netlink", mkdri, "@netwrk"]
                          deny:
                            - ptrace
                            - socket
                            - read
                            - "@process"
                            - {call: process_vm_readv}
                            - rmdir
                            - rmdir
                          broker:
                            - rmdir
                            - {call: clone, when: {flags: CLONE_THREAD}}
                            - {call: clone, when: {flags: CLONE_FS}, error: ENOSYS}
                            - {call: renameat2, when: {flags: 1}}
                        """))
                .satisfiesExactly(
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:3:19: @netlink is a part of socket, which is not allowed"),
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:3:31: unknown system call 'mkdri'; did you mean mkdir?"),
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:3:38: unknown group '@netwrk'; did you mean @network?"),
                        one -> assertThat(one).isEqualTo("p.yaml:5:7: ptrace again; line 3 has it under allow already"),
                        one -> assertThat(one)
                                .isEqualTo(
                                        "p.yaml:7:7: read cannot be refused or narrowed: process 1 of the sandbox stands"
                                                + " behind the same filter and needs it"),
                        one -> assertThat(one).startsWith("p.yaml:8:7: @process cannot be refused as a whole: "),
                        one -> assertThat(one).isEqualTo("p.yaml:11:7: rmdir again; line 10 has it under deny already"),
                        one -> assertThat(one)
                                .isEqualTo("p.yaml:13:7: rmdir again; line 10 has it under deny already"));
        assertThat(complaints("syscalls: {deny: [{call: chmod, when: {mode: 1}}]}"))
                .containsExactly(
                        "p.yaml:1:19: chmod is not allowed at all, so there is nothing to be refused under a condition");
    }

    @Test
    void usersRootDevicesAndRuntimes() {
        assertThat(complaints("extends: default\nusers: single\n"))
                .containsExactly("p.yaml:2:8: root: packages with users: single; a root job needs users: switch");
        assertThat(complaints("extends: minimal\nroot: packages\n"))
                .containsExactly("p.yaml:2:7: root: packages with users: single; a root job needs users: switch");
        assertThat(complaints("devices: [/dev/zero]\nruntime: []\n"))
                .containsExactly(
                        "p.yaml:1:10: no sandbox is without /dev/null: process 1 needs it for its own streams",
                        "p.yaml:2:10: no runtime class is left to run in");
        assertThat(complaints("devices: [/dev/null, /dev/kvm, /dev/null]\nruntime: [wasm, native]\n"))
                .satisfiesExactly(
                        one -> assertThat(one).startsWith("p.yaml:1:22: unknown value '/dev/kvm'; "),
                        one -> assertThat(one).isEqualTo("p.yaml:1:32: /dev/null is listed twice"),
                        one -> assertThat(one).startsWith("p.yaml:2:10: wasm has no system calls"),
                        one -> assertThat(one).startsWith("p.yaml:2:17: unknown value 'native'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bad Name", "a--b", "-a", "9a", "a_b"})
    void namesArePlain(String name) {
        assertThat(complaints("name: '" + name + "'")).hasSize(1);
    }

    @Test
    void aFileNameThatIsNoNameNeedsOne() {
        ProfileException refused = catchThrowableOfType(
                ProfileException.class, () -> ProfileReader.alone().read("dir/My File.yml", "users: single"));
        assertThat(refused).hasMessageContaining("give it one: name: NAME");
        assertThat(ProfileReader.alone()
                        .read("dir/my-file.yml", "users: single")
                        .name())
                .isEqualTo("my-file");
    }

    // --- extends ---

    private static Profile read(Map<String, String> files, String name) {
        return ProfileReader.withFiles(file -> Optional.ofNullable(files.get(file)))
                .read(name, Objects.requireNonNull(files.get(name)));
    }

    private static String refusal(Map<String, String> files, String name) {
        return String.valueOf(catchThrowableOfType(ProfileException.class, () -> read(files, name))
                .getMessage());
    }

    @Test
    void aFileBesideIsExtended() {
        Map<String, String> files = Map.of(
                "a.yaml", """
                        extends: b.yaml
                        filesystem: {hidden: [/x], writable: [/w]}
                        syscalls: {allow: [mkdir], deny: ["@network"]}
                        require: [selinux]
                        resources: {pids: 7}
                        """,
                "b.yaml", """
                        extends: default
                        users: single
                        root: none
                        description: Not inherited.
                        filesystem: {root: readonly, readonly: [/x], hidden: [/y]}
                        syscalls: {deny: [mkdir, rmdir], allow: [{call: socket, when: {domain: AF_UNIX}}]}
                        require: [landlock]
                        resources: {memory: 64M, pids: 99}
                        """);
        Profile profile = read(files, "a.yaml");
        assertThat(profile.users()).isEqualTo(Profile.Users.SINGLE);
        assertThat(profile.description()).isEmpty();
        assertThat(profile.files().readOnlyRoot()).isTrue();
        assertThat(profile.files().paths())
                .isEqualTo(Map.of(
                        new InsidePath("/x"), Access.HIDDEN,
                        new InsidePath("/y"), Access.HIDDEN,
                        new InsidePath("/w"), Access.WRITABLE));
        assertThat(profile.calls().calls()).containsOnlyKeys("rmdir"); // a word about @network is one about socket too
        assertThat(profile.calls().groups()).doesNotContain("@network", "@netlink");
        assertThat(profile.requires()).containsExactly(Layer.LANDLOCK, Layer.SELINUX);
        assertThat(profile.resources().memory()).contains(Size.ofMib(64));
        assertThat(profile.resources().pids()).hasValue(7);
    }

    @Test
    void anOpenedRootTakesInheritedExceptionsAlong() {
        Map<String, String> files = Map.of(
                "a.yaml", "extends: b.yaml\nfilesystem: {root: writable}",
                "b.yaml", "extends: default\nfilesystem: {root: readonly, writable: [/srv]}");
        assertThat(read(files, "a.yaml").files().paths()).isEmpty();
    }

    @Test
    void whatCannotBeExtended() {
        Map<String, String> files = new java.util.HashMap<>(Map.of(
                "self.yaml", "extends: self.yaml",
                "a.yaml", "users: single\nextends: b.yaml",
                "b.yaml", "extends: c.yaml",
                "c.yaml", "extends: a.yaml",
                "up.yaml", "extends: ../etc/passwd.yaml",
                "gone.yaml", "extends: nowhere.yaml",
                "typo.yaml", "extends: defualt",
                "broken.yaml", "extends: wrong.yaml",
                "wrong.yaml", "a: b"));
        assertThat(refusal(files, "self.yaml")).isEqualTo("self.yaml:1:10: it extends itself: self.yaml -> self.yaml");
        assertThat(refusal(files, "a.yaml"))
                .isEqualTo("c.yaml:1:10: it extends itself: a.yaml -> b.yaml -> c.yaml -> a.yaml");
        assertThat(refusal(files, "up.yaml")).startsWith("up.yaml:1:10: a profile extends a file beside it");
        assertThat(refusal(files, "gone.yaml")).isEqualTo("gone.yaml:1:10: there is no file nowhere.yaml beside it");
        assertThat(refusal(files, "typo.yaml")).endsWith("'defualt'; did you mean default?");
        assertThat(refusal(files, "broken.yaml")).startsWith("wrong.yaml:1:1: unknown key 'a'");
        for (int i = 0; i < 12; i++) {
            files.put("n" + i + ".yaml", "extends: n" + (i + 1) + ".yaml");
        }
        assertThat(refusal(files, "n0.yaml")).startsWith("n8.yaml:1:10: more than 8 profiles extend each other");
    }
}
