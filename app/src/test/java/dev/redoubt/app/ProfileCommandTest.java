package dev.redoubt.app;

import static dev.redoubt.app.Said.say;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ProfileCommandTest {
    @TempDir
    Path directory;

    private String file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    private static JsonNode json(Said said) {
        return JsonMapper.builder().build().readTree(said.out());
    }

    @Test
    void listsTheBuiltIns() {
        assertThat(say("profile", "ls").out())
                .startsWith("default ")
                .contains("\nhostile-tenant ")
                .contains("ptrace is ALLOWED");
        JsonNode rows = json(say("profile", "ls", "--json"));
        assertThat(rows).hasSize(8);
        assertThat(rows.get(0).get("name").asString()).isEqualTo("default");
    }

    @Test
    void showsOneDocumentThatIsTheSameProfile() throws IOException {
        file("base.yaml", "extends: default\nroot: none\n");
        String child = file("child.yaml", "extends: base.yaml\nresources: {pids: 9, cpus: 0.5}\n");
        Said yaml = say("profile", "show", child);
        assertThat(yaml.exit()).isZero();
        Profile shown = ProfileReader.alone().read("x", yaml.out());
        assertThat(shown.name()).isEqualTo("child");
        assertThat(shown.root()).isEqualTo(Profile.Root.NONE);
        assertThat(shown).isEqualTo(Profiles.named(child));
        // JSON is YAML
        assertThat(ProfileReader.alone()
                        .read("x", say("profile", "show", child, "--json").out()))
                .isEqualTo(shown);
    }

    @Test
    void checkSaysWhatIsAllowedAndByWhom() throws IOException {
        Said said = say("profile", "check", file("mine.yaml", """
                extends: development
                filesystem: {readonly: [/usr], hidden: [/etc/shadow]}
                syscalls: {deny: [{call: chmod, when: {mode: {has: S_ISUID}}, error: EACCES}]}
                """));
        assertThat(said.out())
                .startsWith("profile mine\n  !! PTRACE IS ALLOWED")
                .contains("  /usr               readonly; by mounts alone")
                .contains("  /etc/shadow        hidden: an empty file or directory stands there [namespaces]")
                .contains("  chmod              allowed; refused with EACCES when mode has S_ISUID [seccomp]")
                .contains("  @debug             allowed: debuggers")
                .contains("\nthis host\n");
        JsonNode report = json(say("profile", "check", "minimal", "--json"));
        assertThat(report.get("mistakes")).isEmpty();
        assertThat(report.get("allows").findValuesAsString("about"))
                .contains("users", "/", "@network", "always refused");
    }

    @Test
    void checkSaysWhatThisHostCannot() throws IOException {
        Said machine = say("profile", "check", file("machine.yaml", "extends: default\nruntime: [microvm]\n"));
        assertThat(machine.exit()).isEqualTo(1);
        assertThat(machine.out()).contains("CANNOT BE RUN HERE: profile machine needs a kernel of its own (microvm)");
        Said tenant = say("profile", "check", "hostile-tenant");
        if (Node.isInstalled(Driver.GVISOR)) {
            assertThat(tenant.exit()).isZero();
        } else {
            assertThat(tenant.out()).contains("CANNOT BE RUN HERE: driver gvisor needs runsc");
        }
        Said labels = say(
                "profile", "check", file("labelled.yaml", "extends: default\nrequire: [selinux]\nnetwork: egress\n"));
        assertThat(labels.exit()).isEqualTo(1);
        assertThat(labels.out())
                .contains("requires selinux: SELinux is")
                .contains("network mode egress is not built yet");
    }

    @Test
    void everyMistakeIsALineThatEditorsUnderstand() throws IOException {
        String wrong = file("wrong.yaml", "extends: default\nroots: none\nsyscalls:\n  allow: [mount]\n");
        Said said = say("profile", "check", wrong);
        assertThat(said.exit()).isEqualTo(1);
        assertThat(said.out()).isEmpty();
        assertThat(said.err())
                .isEqualTo(wrong + ":2:1: unknown key 'roots'; did you mean root?\n" + wrong
                        + ":4:11: mount is refused to every profile: changes what a path means\n");
        JsonNode mistake =
                json(say("profile", "check", wrong, "--json")).get("mistakes").get(1);
        assertThat(mistake.get("line").asInt()).isEqualTo(4);
        assertThat(mistake.get("column").asInt()).isEqualTo(11);
        Said run = say("run", "--profile", wrong, "--", "true");
        assertThat(run.exit()).isEqualTo(125);
        assertThat(run.err())
                .contains(wrong + ":2:1: unknown key 'roots'")
                .contains("and 1 more: redoubt profile check " + wrong);
    }

    /** What is no small regular file of text is refused without being read to its end, which may never come. */
    @Test
    @Timeout(20)
    void filesThatAreNone() throws Exception {
        Path large = directory.resolve("large.yaml");
        Files.write(large, new byte[10 << 20]);
        assertThat(say("profile", "show", large.toString()).err()).contains("more than 262144 bytes");
        Path pipe = directory.resolve("pipe.yaml");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor(5, TimeUnit.SECONDS))
                .isTrue();
        assertThat(say("profile", "show", pipe.toString()).err()).contains("not a regular file");
        Path zero = Files.createSymbolicLink(directory.resolve("zero.yaml"), Path.of("/dev/zero"));
        assertThat(say("profile", "show", zero.toString()).err()).contains("not a regular file");
        Path bytes = directory.resolve("bytes.yaml");
        Files.write(bytes, new byte[] {'a', ':', ' ', (byte) 0xff});
        assertThat(say("profile", "show", bytes.toString()).err()).contains("not UTF-8");
        assertThat(say("profile", "show", directory + "/none.yaml").exit()).isEqualTo(Exit.NOT_FOUND);
        assertThat(say("profile", "show", directory + "/").err()).contains("not a regular file");
        assertThat(say("profile", "show", "a\udcff.yaml").exit()).isNotZero();
        String loop = file("loop.yaml", "extends: loop2.yaml");
        file("loop2.yaml", "extends: loop.yaml");
        assertThat(say("profile", "show", loop).err()).contains(directory + "/loop2.yaml:1:10: it extends itself");
    }
}
