package dev.redoubt.app;

import dev.redoubt.linux.Landlock;
import dev.redoubt.node.Obstacle;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.doctor.Doctor;
import dev.redoubt.node.doctor.Finding;
import dev.redoubt.node.label.HostLabels;
import dev.redoubt.policy.profile.Complaint;
import dev.redoubt.policy.profile.Meaning;
import dev.redoubt.policy.profile.ProfileException;
import dev.redoubt.policy.profile.Statement;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a profile means, and whether it can be held here. */
@Command(
        name = "check",
        description = "Say in words what a profile allows, which layers hold it, and what this host cannot.",
        footer = {
            "",
            "Exit code: 0 it can be run here; 1 it is wrong, and every mistake is told with line and column, or this host "
                    + "cannot hold it."
        })
final class ProfileCheckCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME|FILE", description = "A built-in profile or a YAML file.")
    private String profile = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** A statement as programs read it. */
    record Row(String about, String says, List<String> heldBy) {
        static Row of(Statement statement) {
            return new Row(
                    statement.about(),
                    statement.says(),
                    statement.heldBy().stream().map(Layer::toString).toList());
        }

        String line() {
            String layers = heldBy.isEmpty() ? "" : " [" + String.join(", ", heldBy) + "]";
            return "  %-18s %s%s".formatted(about, says, layers);
        }
    }

    record Mistake(String source, int line, int column, String message) {
        static Mistake of(Complaint complaint) {
            return new Mistake(
                    complaint.source(),
                    complaint.place().line(),
                    complaint.place().column(),
                    complaint.message());
        }
    }

    /** What this host lacks: {@code stops} when the profile cannot be run because of it. */
    record Lack(String about, String reason, boolean stops) {
        String line() {
            return "  %-18s %s%s".formatted(about, stops ? "CANNOT BE RUN HERE: " : "", reason);
        }
    }

    record Report(
            String profile,
            boolean runs,
            List<Mistake> mistakes,
            List<String> warnings,
            List<Row> allows,
            List<Lack> host) {}

    @Override
    public Integer call() {
        Report report = report();
        if (json) {
            Out.line(spec, Json.of(report));
        } else {
            print(report);
        }
        return report.runs() ? Exit.DONE : Exit.FAILED;
    }

    private Report report() {
        try {
            Profile read = Profiles.read(profile);
            List<Lack> host = host(read);
            return new Report(
                    read.name(),
                    host.stream().noneMatch(Lack::stops),
                    List.of(),
                    Meaning.warnings(read),
                    Meaning.of(read).stream().map(Row::of).toList(),
                    host);
        } catch (ProfileException wrong) {
            List<Mistake> mistakes =
                    wrong.complaints().stream().map(Mistake::of).toList();
            return new Report(profile, false, mistakes, List.of(), List.of(), List.of());
        }
    }

    private static List<Lack> host(Profile profile) {
        SandboxSpec any = SandboxSpec.of("any")
                .withProfile(profile)
                .withNetwork(profile.network())
                .withDriver(Driver.usualOf(profile));
        Stream<Lack> obstacles = Obstacle.of(any, Landlock.abi(), HostLabels.ofHost()).stream()
                .map(obstacle -> new Lack(obstacle.key(), obstacle.reason(), true));
        Stream<Lack> findings =
                Doctor.examine(DataDirectory.configured(System.getenv()), RunDirectory.configured(System.getenv()))
                        .stream()
                        .flatMap(finding -> switch (finding) {
                            case Finding.Fit ignored -> Stream.<Lack>empty();
                            case Finding.Weak weak ->
                                Stream.of(new Lack(weak.wall(), weak.restsOn() + ": " + weak.found(), false));
                            case Finding.Missing missing ->
                                Stream.of(new Lack(missing.wall(), missing.restsOn() + ": " + missing.found(), true));
                        });
        return Stream.concat(obstacles, findings).toList();
    }

    private void print(Report report) {
        if (!report.mistakes().isEmpty()) {
            String mistakes = report.mistakes().stream()
                    .map(mistake ->
                            mistake.source() + ":" + mistake.line() + ":" + mistake.column() + ": " + mistake.message())
                    .collect(Collectors.joining("\n"));
            Out.error(spec, mistakes);
            return;
        }
        Out.line(spec, "profile " + report.profile());
        report.warnings().forEach(warning -> Out.line(spec, "  !! " + warning));
        report.allows().forEach(row -> Out.line(spec, row.line()));
        Out.line(spec, "this host");
        report.host().forEach(lack -> Out.line(spec, lack.line()));
        if (report.host().isEmpty()) {
            Out.line(spec, "  holds all of it");
        }
    }
}
