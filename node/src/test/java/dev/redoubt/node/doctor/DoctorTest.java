package dev.redoubt.node.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.cgroup.Controller;
import dev.redoubt.node.cgroup.Gap;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.protocol.Driver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("vm")
class DoctorTest {
    private final Path place;

    DoctorTest(@TempDir Path place) {
        this.place = place;
    }

    @Test
    void thisHostIsFitAndNothingIsLeftBehind() {
        List<Finding> findings = Doctor.examine(place.resolve("data"), place.resolve("run"));
        assertThat(findings).filteredOn(Missing.class::isInstance).isEmpty();
        assertThat(Doctor.isFit(findings)).isTrue();
        assertThat(findings).hasSizeGreaterThan(30).allSatisfy(finding -> {
            assertThat(finding.wall()).isNotBlank();
            assertThat(finding.restsOn()).isNotBlank();
            assertThat(finding.found()).isNotBlank();
        });
        assertThat(place).isEmptyDirectory();
    }

    @Test
    void everyRuntimeIsNamedWithItsVersion() {
        assertThat(RuntimeProbes.look()).extracting(Finding::wall).containsExactly("driver crun", "driver gvisor");
        assertThat(RuntimeProbes.judged(Driver.CRUN, "crun", "crun version 1.8.1"))
                .isInstanceOf(Fit.class);
        assertThat(RuntimeProbes.judged(Driver.CRUN, "crun", "crun version 0.17"))
                .isInstanceOfSatisfying(
                        Weak.class, old -> assertThat(old.mend()).contains("1.8"));
        assertThat(RuntimeProbes.judged(Driver.GVISOR, "runsc", "runsc version 0.0~20221219.0"))
                .isInstanceOf(Fit.class);
    }

    @Test
    void everyKindOfNamespaceIsMadeForReal() {
        assertThat(NamespaceProbes.look())
                .filteredOn(Fit.class::isInstance)
                .extracting(Finding::restsOn)
                .contains(
                        "user namespaces",
                        "mount namespaces",
                        "pid namespaces",
                        "network namespaces",
                        "ipc namespaces",
                        "uts namespaces",
                        "cgroup namespaces",
                        "a view of /proc of its own");
    }

    @Test
    void aDataDirectoryThatOthersMayEnterIsMissing() throws Exception {
        Path open = Files.createDirectory(place.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(DataProbes.look(open))
                .filteredOn(Missing.class::isInstance)
                .singleElement()
                .satisfies(missing -> assertThat(missing.found()).contains("chmod 0700"));
    }

    @Test
    void aPlaceThatTakesNoWritesIsMissing() {
        // The control is the first test: the same probes on a place that does.
        assertThat(DataProbes.look(Path.of("/proc/redoubt"))).last().isInstanceOf(Missing.class);
    }

    @Test
    void aSysctlIsReadWhole() {
        // Read byte by byte it would be its first digit: the kernel gives nothing at an offset.
        assertThat(Host.number("/proc/sys/fs/file-max").orElseThrow()).isGreaterThan(9);
        assertThat(Host.read("/proc/sys/kernel/no_such_setting")).isEmpty();
    }

    @Test
    void aProgramThatIsNotThereRanBadly() {
        assertThat(Host.run("/no/such/program").well()).isFalse();
        assertThat(Host.run("true").well()).isTrue();
        assertThat(Host.run("sh", "-c", "echo a; echo why >&2; exit 3").reason())
                .isEqualTo("why");
    }

    @Test
    void theKernelsAgeIsCompared() {
        assertThat(KernelProbes.release("6.12.0-amd64")).isInstanceOf(Fit.class);
        assertThat(KernelProbes.release("7.0.1")).isInstanceOf(Fit.class);
        assertThat(KernelProbes.release("6.11.99")).isInstanceOf(Missing.class);
        assertThat(KernelProbes.release("5.19")).isInstanceOf(Missing.class);
        assertThat(KernelProbes.release("unknown")).isInstanceOf(Missing.class);
        assertThat(KernelProbes.architecture("aarch64")).isInstanceOf(Missing.class);
        assertThat(KernelProbes.landlock(0)).isInstanceOf(Missing.class);
        assertThat(KernelProbes.landlock(4)).isInstanceOf(Weak.class);
        assertThat(KernelProbes.landlock(6)).isInstanceOf(Fit.class);
    }

    @Test
    void limitsAreJudged() {
        assertThat(LimitProbes.user("Name:\tx\nUid:\t1000\t1000\t1000\t1000\n")).isInstanceOf(Missing.class);
        assertThat(LimitProbes.user("Name:\tx\nUid:\t0\t0\t0\t0\n")).isInstanceOf(Fit.class);
        assertThat(LimitProbes.files("Max open files            1024                 4096                 files"))
                .isInstanceOf(Weak.class);
        assertThat(LimitProbes.files("Max open files            1024                 20000                files"))
                .isInstanceOf(Fit.class);
        assertThat(NamespaceProbes.room(Optional.empty())).isInstanceOf(Missing.class);
        assertThat(NamespaceProbes.room(Optional.of(10L))).isInstanceOf(Weak.class);
        assertThat(DataProbes.space("x", 1 << 20)).isInstanceOf(Missing.class);
        assertThat(DataProbes.space("x", 2L << 30)).isInstanceOf(Weak.class);
        assertThat(CgroupProbes.gap(new Gap(Controller.IO, "none"))).isInstanceOf(Weak.class);
        assertThat(CgroupProbes.gap(new Gap(Controller.PIDS, "none"))).isInstanceOf(Missing.class);
    }

    @Test
    void aLabelIsWelcomeAndNoNeed() {
        assertThat(KernelProbes.label(new AppArmor.Usable(Path.of("/usr/sbin/apparmor_parser"))))
                .isEqualTo(new Fit(
                        "label", "AppArmor, for a label on every process", "enabled, and /usr/sbin/apparmor_parser"));
        assertThat(KernelProbes.label(new AppArmor.Absent("not installed", "install it")))
                .isEqualTo(new Weak("label", "AppArmor, for a label on every process", "not installed", "install it"));
    }

    @Test
    void aContextIsWelcomeAndNoNeed() {
        assertThat(KernelProbes.label(new Selinux.Usable())).isInstanceOf(Fit.class);
        assertThat(KernelProbes.label(new Selinux.Absent("permissive", "setenforce 1")))
                .isEqualTo(new Weak(
                        "label", "SELinux, for a context on every process and file", "permissive", "setenforce 1"));
    }

    @Test
    void hardeningIsJudged() {
        assertThat(HardeningProbes.ksm(Optional.of("1"))).isInstanceOf(Weak.class);
        assertThat(HardeningProbes.ksm(Optional.of("0"))).isInstanceOf(Fit.class);
        assertThat(HardeningProbes.lockdown(Optional.of("[none] integrity confidentiality")))
                .isInstanceOf(Weak.class);
        assertThat(HardeningProbes.lockdown(Optional.of("none [integrity] confidentiality")))
                .isInstanceOf(Fit.class);
        assertThat(HardeningProbes.cores("|/usr/lib/systemd/systemd-coredump %P"))
                .isInstanceOf(Weak.class);
        assertThat(HardeningProbes.cores("@/run/systemd/coredump")).isInstanceOf(Weak.class);
        assertThat(HardeningProbes.cores("core")).isInstanceOf(Fit.class);
        assertThat(HardeningProbes.swap("Filename Type\n/dev/sda2 partition 1 2 3"))
                .isInstanceOf(Weak.class);
        assertThat(HardeningProbes.swap("Filename Type")).isInstanceOf(Fit.class);
        assertThat(HardeningProbes.siblings(Optional.of("1"))).isInstanceOf(Weak.class);
        assertThat(HardeningProbes.mitigations(List.of("mds"))).isInstanceOf(Weak.class);
        assertThat(HardeningProbes.atLeast("a.b", Optional.of(0L), 1, 2, "x"))
                .isEqualTo(new Weak("hardening", "x (a.b)", "0", "sysctl -w a.b=2"));
        assertThat(HardeningProbes.atLeast("a.b", Optional.of(2L), 1, 2, "x")).isInstanceOf(Fit.class);
    }
}
