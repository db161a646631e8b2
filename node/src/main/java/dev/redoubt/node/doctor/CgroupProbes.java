package dev.redoubt.node.doctor;

import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.Controller;
import dev.redoubt.node.cgroup.Gap;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import java.util.ArrayList;
import java.util.List;

/** Control groups: which version, which controllers, and whether a group can really be made. */
final class CgroupProbes {
    private static final String WHAT = "control groups for memory, cpu, pids and io";
    private static final String MEND =
            "boot with systemd.unified_cgroup_hierarchy=1, or mount version 1 hierarchies (cgroups(7))";

    private CgroupProbes() {}

    static List<Finding> look() {
        try {
            Cgroups cgroups = Cgroups.detect();
            List<Finding> findings = new ArrayList<>();
            for (Gap gap : cgroups.gaps()) {
                findings.add(gap(gap));
            }
            String version = cgroups.isVersion2() ? "version 2" : "version 1";
            cgroups.create("doctor-" + ProcessHandle.current().pid()).remove();
            cgroups.removeWhenEmpty();
            findings.add(new Fit("limits", WHAT, version + ", made a group"));
            return findings;
        } catch (CgroupException refused) {
            return List.of(new Missing("limits", WHAT, String.valueOf(refused.getMessage()), MEND));
        }
    }

    /** Without io only --io is refused; without any other a sandbox could take the whole host. */
    static Finding gap(Gap gap) {
        String what = "the controller " + gap.controller();
        return gap.controller() == Controller.IO || gap.controller() == Controller.CPU_TIME
                ? new Weak("limits", what, gap.reason(), MEND)
                : new Missing("limits", what, gap.reason(), MEND);
    }
}
