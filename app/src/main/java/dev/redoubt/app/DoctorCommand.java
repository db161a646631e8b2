package dev.redoubt.app;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.doctor.Doctor;
import dev.redoubt.node.doctor.Finding;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Is this host fit. */
@Command(
        name = "doctor",
        description = "Say whether this host is fit, wall by wall, and how to mend what is missing.",
        footer = {"", "Exit code: 0 fit, 1 not. What is weak works, and could be stronger."})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** A finding as programs read it; {@code mend} is empty where nothing is to be mended. */
    record Row(String wall, String restsOn, String state, String found, String mend) {
        static Row of(Finding finding) {
            return switch (finding) {
                case Fit fit -> new Row(fit.wall(), fit.restsOn(), "fit", fit.found(), "");
                case Weak weak -> new Row(weak.wall(), weak.restsOn(), "weak", weak.found(), weak.mend());
                case Missing missing ->
                    new Row(missing.wall(), missing.restsOn(), "missing", missing.found(), missing.mend());
            };
        }

        String line() {
            return "%-8s %-17s %s: %s%s"
                    .formatted(state, wall, restsOn, found, mend.isEmpty() ? "" : "\n" + " ".repeat(27) + "-> " + mend);
        }
    }

    record Examination(boolean fit, List<Row> findings) {}

    @Override
    public Integer call() {
        List<Finding> findings =
                Doctor.examine(DataDirectory.configured(System.getenv()), RunDirectory.configured(System.getenv()));
        boolean fit = Doctor.isFit(findings);
        List<Row> rows = findings.stream().map(Row::of).toList();
        if (json) {
            Out.line(spec, Json.of(new Examination(fit, rows)));
        } else {
            rows.forEach(row -> Out.line(spec, row.line()));
            Out.line(spec, fit ? "This host is fit." : "This host is not fit: see what is missing.");
        }
        return fit ? Exit.DONE : Exit.FAILED;
    }
}
