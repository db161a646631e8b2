package dev.redoubt.e2e;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The command line in a process of its own, as {@code ./redoubt} starts it: from a start-up cache. */
final class Cli {
    private static final List<String> JAVA = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+DisplayVMOutputToStderr",
            "-Xlog:disable",
            "-Xlog:all=warning:stderr",
            "-Xmx96m",
            "--enable-native-access=ALL-UNNAMED",
            "-Dredoubt.native=" + Place.NATIVES,
            "-Dredoubt.home=" + Checkout.HOME);

    /** Without the tests themselves: classes in a directory cannot be in a cache. */
    private static final List<String> CLASSES = Stream.of(
                    System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(path -> !path.endsWith("/test-classes"))
            .toList();

    /** Made of these very jars when a command is first run, for as long as these tests take. */
    private static final Optional<Path> CACHE = trained();

    private final Place place;
    private final Map<String, String> more;
    private final int seconds;

    Cli(Place place) {
        this(place, Map.of());
    }

    Cli(Place place, Map<String, String> more) {
        this(place, more, 120);
    }

    /** With more of the environment, and so many seconds for each command. */
    Cli(Place place, Map<String, String> more, int seconds) {
        this.place = place;
        this.more = more;
        this.seconds = seconds;
    }

    /** Runs something on the base image of this machine, for building one takes minutes; for so many seconds at most. */
    static Said onBase(Place place, int seconds, List<String> arguments) throws Exception {
        String data = System.getenv().getOrDefault("REDOUBT_DATA_DIR", "/var/lib/redoubt");
        List<String> command = new ArrayList<>(List.of("run", "--image", "base"));
        command.addAll(arguments);
        return new Cli(place, Map.of("REDOUBT_DATA_DIR", data), seconds).run(command.toArray(String[]::new));
    }

    /** What a command answered. */
    record Said(int exit, byte[] output, String errors) {
        String out() {
            return new String(output, StandardCharsets.UTF_8);
        }
    }

    Said run(String... arguments) throws Exception {
        return run(new byte[0], arguments);
    }

    Said run(byte[] input, String... arguments) throws Exception {
        Process process = start(arguments);
        Thread feeder = Thread.ofPlatform().start(() -> feed(process, input));
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        Thread reader = Thread.ofPlatform().start(() -> drain(process.getInputStream(), output));
        Thread listener = Thread.ofPlatform().start(() -> drain(process.getErrorStream(), errors));
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running: " + Arrays.toString(arguments));
        }
        reader.join();
        listener.join();
        feeder.join();
        return new Said(process.exitValue(), output.toByteArray(), errors.toString(StandardCharsets.UTF_8));
    }

    Process start(String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command(arguments));
        builder.environment().putAll(place.environment());
        builder.environment().put("_JAVA_SR_SIGNUM", "63");
        builder.environment().putAll(more);
        return builder.start();
    }

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(JAVA);
        if (arguments[0].equals("run")) {
            command.add("-Xrs");
        }
        CACHE.ifPresent(cache ->
                command.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off:stderr", "-Xlog:cds=off:stderr")));
        command.addAll(List.of("-cp", String.join(File.pathSeparator, CLASSES), "dev.redoubt.app.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    /** None where modules are not jars, as when a development environment compiles them. */
    private static Optional<Path> trained() {
        if (CLASSES.stream().anyMatch(path -> Files.isDirectory(Path.of(path)))) {
            return Optional.empty();
        }
        try (Place place = Place.make()) {
            Path cache = Files.createTempFile("redoubt-e2e", ".aot");
            cache.toFile().deleteOnExit();
            List<String> command = new ArrayList<>(JAVA);
            command.addAll(List.of("-XX:AOTCacheOutput=" + cache, "-cp", String.join(File.pathSeparator, CLASSES)));
            command.addAll(List.of("dev.redoubt.app.Training", "all"));
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(place.file("said").toFile());
            builder.environment().putAll(place.environment());
            if (builder.start().waitFor() != 0) {
                throw new AssertionError("no cache: " + Files.readString(place.file("said")));
            }
            return Optional.of(cache);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException stop) {
            throw new AssertionError(stop);
        }
    }

    private static void feed(Process process, byte[] input) {
        try (OutputStream to = process.getOutputStream()) {
            to.write(input);
        } catch (IOException readerGone) {
            return; // a command need not read its input
        }
    }

    private static void drain(InputStream from, ByteArrayOutputStream to) {
        try {
            from.transferTo(to);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
