package dev.redoubt.node.doctor;

import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Weak;
import dev.redoubt.node.driver.HostProgram;
import dev.redoubt.node.driver.OciRuntime;
import dev.redoubt.protocol.Driver;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The OCI runtimes, which only sandboxes that ask for one need. */
final class RuntimeProbes {
    /** The first in Debian with the flag that keeps asked calls from being interrupted; older ones refuse the bundle. */
    private static final int[] LEAST_CRUN = {1, 8};

    private static final Pattern NUMBERS = Pattern.compile("(\\d{1,8})\\.(\\d{1,8})");

    private RuntimeProbes() {}

    static List<Finding> look() {
        return Stream.of(Driver.values())
                .flatMap(driver -> OciRuntime.of(driver).stream().map(runtime -> look(driver, runtime.program())))
                .toList();
    }

    private static Finding look(Driver driver, String program) {
        Optional<HostProgram> found = HostProgram.find(program);
        if (found.isEmpty()) {
            return new Weak(part(driver), what(program), "not found in /usr", "apt-get install " + program);
        }
        Host.Ran ran = Host.run(found.get().path().toString(), "--version");
        if (!ran.well()) {
            return new Weak(part(driver), what(program), ran.reason(), "apt-get install --reinstall " + program);
        }
        return judged(driver, program, ran.said().lines().findFirst().orElse(""));
    }

    static Finding judged(Driver driver, String program, String version) {
        return driver == Driver.CRUN && isOlder(version)
                ? new Weak(
                        part(driver),
                        what(program),
                        version,
                        "crun " + LEAST_CRUN[0] + "." + LEAST_CRUN[1] + " or newer")
                : new Fit(part(driver), what(program), version);
    }

    private static boolean isOlder(String version) {
        Matcher numbers = NUMBERS.matcher(version);
        if (!numbers.find()) {
            return true;
        }
        int major = Integer.parseInt(numbers.group(1));
        int minor = Integer.parseInt(numbers.group(2));
        return major < LEAST_CRUN[0] || (major == LEAST_CRUN[0] && minor < LEAST_CRUN[1]);
    }

    private static String part(Driver driver) {
        return "driver " + driver;
    }

    private static String what(String program) {
        return "the program " + program;
    }
}
