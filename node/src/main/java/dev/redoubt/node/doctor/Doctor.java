package dev.redoubt.node.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Asks the host everything that the walls rest on. Nothing is left behind; nothing of the host's is changed. */
public final class Doctor {
    private Doctor() {}

    /**
     * Looks.
     *
     * @param data the data directory in use, or the one that would be
     * @param run the run directory, likewise
     */
    public static List<Finding> examine(Path data, Path run) {
        List<Finding> findings = new ArrayList<>();
        findings.addAll(LimitProbes.look());
        findings.addAll(KernelProbes.look());
        findings.addAll(NamespaceProbes.look());
        findings.addAll(CgroupProbes.look());
        findings.addAll(DataProbes.look(data));
        findings.add(DataProbes.runDirectory(run));
        findings.addAll(RuntimeProbes.look());
        findings.addAll(HardeningProbes.look());
        return findings;
    }

    /** A host is fit when nothing is missing; what is weak still works. */
    public static boolean isFit(List<Finding> findings) {
        return findings.stream().noneMatch(Finding.Missing.class::isInstance);
    }
}
