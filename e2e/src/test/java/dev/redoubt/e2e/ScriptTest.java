package dev.redoubt.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The script of a clone of its own, under a name with spaces, in a locale that is not UTF-8. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScriptTest {
    private static final int AT_ONCE = 12;
    private static final int BUILD_MINUTES = 8;

    private Path script = Path.of("not there yet");
    private List<Said> first = List.of();

    private record Said(int exit, String out, String err) {}

    @BeforeAll
    void manyFirstRunsAtOnce(@TempDir(cleanup = CleanupMode.ALWAYS) Path place) throws Exception {
        Path clone = Files.createDirectory(place.resolve("a place with späces"));
        for (String file : run(Checkout.HOME, Map.of(), "git", "ls-files", "-co", "--exclude-standard")
                .out()
                .split("\n")) {
            Path copy = clone.resolve(file);
            Files.createDirectories(copy.getParent());
            if (Files.exists(Checkout.HOME.resolve(file))) {
                Files.copy(Checkout.HOME.resolve(file), copy, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        script = clone.resolve("redoubt");
        List<Process> all = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            all.add(start(Path.of("/"), place.resolve("run" + i), script.toString(), "version"));
        }
        List<Said> said = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            assertThat(all.get(i).waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).isTrue();
            said.add(new Said(
                    all.get(i).exitValue(),
                    Files.readString(place.resolve("run" + i + ".out")),
                    Files.readString(place.resolve("run" + i + ".err"))));
        }
        first = said;
    }

    private static Process start(Path directory, Path output, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().remove("JAVA_HOME");
        builder.redirectOutput(Path.of(output + ".out").toFile());
        builder.redirectError(Path.of(output + ".err").toFile());
        builder.redirectInput(Path.of("/dev/null").toFile());
        return builder.start();
    }

    private static Said run(Path directory, Map<String, String> environment, String... command) throws Exception {
        Path output = Files.createTempDirectory("script-test").resolve("said");
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        builder.redirectOutput(Path.of(output + ".out").toFile());
        builder.redirectError(Path.of(output + ".err").toFile());
        builder.redirectInput(Path.of("/dev/null").toFile());
        Process process = builder.start();
        assertThat(process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).isTrue();
        Said said = new Said(
                process.exitValue(),
                Files.readString(Path.of(output + ".out"), UTF_8),
                Files.readString(Path.of(output + ".err"), UTF_8));
        Files.delete(Path.of(output + ".out"));
        Files.delete(Path.of(output + ".err"));
        Files.delete(output.getParent());
        return said;
    }

    private Said redoubt(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        return run(Path.of("/"), Map.of(), command.toArray(String[]::new));
    }

    @Test
    void ofManyFirstRunsOneBuildsAndAllAnswer() {
        assertThat(first).allSatisfy(said -> {
            assertThat(said.exit()).isZero();
            assertThat(said.out()).startsWith("redoubt ").hasLineCount(1);
        });
        assertThat(first).filteredOn(said -> said.err().contains("building")).hasSize(1);
        assertThat(script.resolveSibling("app/target/dist/all.aot")).exists();
        assertThat(script.resolveSibling("app/target/dist/run.aot")).exists();
    }

    /** Java would only say that it could not determine the current directory, with the exit code of a failed command. */
    @Test
    void aDirectoryThatIsGoneIsSaidSo() throws Exception {
        String there = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
        Path directory = Files.createTempDirectory("script-test");
        for (Map.Entry<String, Integer> command :
                Map.of("run", 125, "version", 1).entrySet()) {
            Said said = run(
                    directory, Map.of(), "sh", "-c", there, "sh", script.toString(), command.getKey(), "--", "true");
            assertThat(said.exit()).isEqualTo(command.getValue());
            assertThat(said.err()) // after what the shell itself may say of it
                    .endsWith("redoubt: the current directory has been removed; change to one that exists\n");
        }
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("/tmp"));
        assertThat(run(directory, Map.of(), "sh", "-c", "cd link && exec \"$@\"", "sh", script.toString(), "version")
                        .exit())
                .as("control: a directory by another name")
                .isZero();
        Files.delete(link);
        Files.delete(directory);
    }

    @Test
    void aWarmRunSaysNothingButTheAnswer() throws Exception {
        Said said = redoubt("version");
        assertThat(said.err()).isEmpty();
        assertThat(said.out()).startsWith("redoubt ");
    }

    /** A directory's own time changes with every file that is made in it. */
    @Test
    void whatTestsMakeIsNoChangeOfTheSources() throws Exception {
        for (String place : List.of("native/tests/made", "native/build/made", "bom/target/made")) {
            Files.createDirectories(script.resolveSibling(place).getParent());
            Files.writeString(script.resolveSibling(place), "x");
            assertThat(redoubt("version").err()).as(place).isEmpty();
        }
        Path directory = script.resolveSibling("native/escape");
        FileTime before = Files.getLastModifiedTime(directory);
        Path source = Files.writeString(directory.resolve("broken.c"), "#error\n");
        Said control = redoubt("version");
        assertThat(control.err())
                .contains("building (the sources changed)", "broken.c", "native programs did not compile");
        Files.delete(source);
        Files.setLastModifiedTime(directory, before);
        assertThat(redoubt("version").err()).isEmpty();
    }

    @Test
    void aSymbolicLinkToItWorks() throws Exception {
        Path link = Files.createSymbolicLink(script.resolveSibling("link"), Path.of("redoubt"));
        assertThat(run(Path.of("/"), Map.of(), link.toString(), "version").exit())
                .isZero();
        Files.delete(link);
    }

    @Test
    void aNameOnThePathWorks() throws Exception {
        Map<String, String> path =
                Map.of("PATH", script.getParent() + ":" + System.getenv("PATH"), "CDPATH", "/usr:/etc");
        assertThat(run(Path.of("/usr"), path, "sh", "-c", "redoubt version").exit())
                .isZero();
    }

    @Test
    void exitCodesComeThrough() throws Exception {
        assertThat(redoubt("no-such-command").exit()).isEqualTo(2);
        assertThat(redoubt("version", "--no-such-option").exit()).isEqualTo(2);
        assertThat(redoubt("run", "--no-such-option", "--", "true").exit()).isEqualTo(125);
    }

    /** Java would open its own files in its place, and the first of them was the sandbox's input. */
    @Test
    void whatIsClosedIsNoFileOfTheHost() throws Exception {
        try (Place place = Place.make()) {
            String count = "\"$0\" run -- wc -c";
            Said control =
                    run(Path.of("/"), place.environment(), "sh", "-c", "echo four | " + count, script.toString());
            assertThat(control.out()).isEqualTo("5\n");
            Said input = run(Path.of("/"), place.environment(), "sh", "-c", count + " <&-", script.toString());
            assertThat(input.out()).isEqualTo("0\n");
            Said output = run(Path.of("/"), place.environment(), "sh", "-c", count + " >&-", script.toString());
            assertThat(output.exit()).isEqualTo(125);
            assertThat(output.err()).contains("what the command printed cannot be written: Bad file descriptor");
            Said full = run(Path.of("/"), place.environment(), "sh", "-c", count + " >/dev/full", script.toString());
            assertThat(full.exit()).isEqualTo(125);
            assertThat(full.err()).contains("what the command printed cannot be written: No space left on device");
        }
    }

    @Test
    void aJavaThatIsTooOldIsPassedOver() throws Exception {
        Path old = Files.createDirectories(script.resolveSibling("old java/bin"));
        Files.writeString(old.resolveSibling("release"), "JAVA_VERSION=\"17.0.2\"\n");
        Files.writeString(old.resolve("java"), "#!/bin/sh\necho old Java was started\n");
        old.resolve("java").toFile().setExecutable(true);
        Said said = run(Path.of("/"), Map.of("JAVA_HOME", old.getParent().toString()), script.toString(), "version");
        assertThat(said.exit()).isZero();
        assertThat(said.out()).startsWith("redoubt ");
    }

    @Test
    void aChangedSourceIsBuiltAgainAndABrokenOneIsNamed() throws Exception {
        Path stamp = script.resolveSibling("app/target/dist/stamp");
        FileTime before = Files.getLastModifiedTime(stamp);
        Path source = script.resolveSibling("app/src/main/java/dev/redoubt/app/Broken.java");
        Files.writeString(source, "package dev.redoubt.app; final class Broken { int x = \"\"; }\n");
        Said broken = redoubt("run", "--", "true");
        assertThat(broken.exit()).isEqualTo(125);
        assertThat(broken.err()).contains("building (the sources changed)", "Broken.java", "did not compile");
        assertThat(broken.out()).isEmpty();
        assertThat(Files.getLastModifiedTime(stamp)).isEqualTo(before);
        Files.delete(source);
        Said mended = redoubt("version");
        assertThat(mended.exit()).isZero();
        assertThat(mended.err()).contains("building (the sources changed)");
        assertThat(Files.getLastModifiedTime(stamp)).isGreaterThan(before);
        assertThat(redoubt("version").err()).isEmpty();
    }
}
