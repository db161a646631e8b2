package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The tree that these tests belong to. */
final class Checkout {
    static final Path HOME =
            Path.of(System.getProperty("redoubt.home", "..")).toAbsolutePath().normalize();

    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

    private Checkout() {}

    /** This directory of every module that has it; of those that the build lists, so that a rule holds in a new one too. */
    static List<Path> ofModules(String directory) throws IOException {
        return modules().stream()
                .map(module -> HOME.resolve(module).resolve(directory))
                .filter(Files::isDirectory)
                .toList();
    }

    private static List<String> modules() throws IOException {
        List<String> modules = MODULE.matcher(Files.readString(HOME.resolve("pom.xml")))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(modules).contains("node", "bench", "e2e");
        return modules;
    }
}
