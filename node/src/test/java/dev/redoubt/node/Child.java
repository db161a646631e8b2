package dev.redoubt.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another JVM with the same classes, as another {@code redoubt run} on this host would be. */
public record Child(Process process, BufferedReader output) implements AutoCloseable {
    /** @param main a class with a main method */
    public static Child start(Class<?> main, String... arguments) throws IOException {
        return startedBy(List.of(), main, arguments);
    }

    /** @param prefix a command that runs the one in its last arguments, for instance in namespaces of its own */
    public static Child startedBy(List<String> prefix, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new Child(process, process.inputReader(StandardCharsets.UTF_8));
    }

    /** One line of its output. */
    public String line() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new IOException("the other process ended");
        }
        return line;
    }

    public int exitCode() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the other process did not end");
        }
        return process.exitValue();
    }

    /** As {@code kill -9} does: nothing in it gets to tidy up. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        exitCode();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        output.close();
    }
}
