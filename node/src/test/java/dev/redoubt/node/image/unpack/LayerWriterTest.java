package dev.redoubt.node.image.unpack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import dev.redoubt.node.image.Scratch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What honest but tricky archives become on the disk. */
class LayerWriterTest {
    private Scratch scratch;
    private Path target;

    @BeforeEach
    void makeTarget() throws IOException {
        scratch = new Scratch();
        target = scratch.make("target");
    }

    @AfterEach
    void removeTarget() {
        scratch.close();
    }

    private Report.Done unpack(byte[] archive) throws IOException {
        try (Directory directory = Directory.open(target)) {
            Report report = LayerWriter.write(new ByteArrayInputStream(archive), directory, Limits.DEFAULT);
            assertThat(report).isInstanceOf(Report.Done.class);
            return (Report.Done) report;
        }
    }

    private Report.Done unpack(RawTar archive) throws IOException {
        return unpack(archive.archive());
    }

    private EntryStatus status(String directory, String name) {
        try (Directory parent = Directory.open(target.resolve(directory))) {
            return parent.status(name.getBytes(StandardCharsets.ISO_8859_1)).orElseThrow();
        }
    }

    private boolean isOpaque(String directory) {
        try (Directory opened = Directory.open(target.resolve(directory))) {
            Optional<byte[]> mark = opened.attribute("user.overlay.opaque");
            return mark.isPresent() && new String(mark.get(), StandardCharsets.US_ASCII).equals("y");
        }
    }

    /** GNU tar writes the tree in each of its formats; what is read back must be the same tree. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--format=v7",
                "--format=ustar",
                "--format=oldgnu",
                "--format=gnu",
                "--format=posix",
                "--format=gnu --sparse",
                "--format=posix --sparse --sparse-version=0.0",
                "--format=posix --sparse --sparse-version=0.1",
                "--format=posix --sparse --sparse-version=1.0"
            })
    void readsWhatGnuTarWrites(String options) throws IOException {
        boolean short100 = options.equals("--format=v7") || options.equals("--format=ustar");
        scratch.sh(
                "mkdir -p in/deep/er && cd in && echo text >file && : >empty && ln file hard && ln -s /etc/passwd soft");
        if (!options.equals("--format=v7")) {
            scratch.sh("mkfifo in/pipe");
        }
        scratch.sh("cd in && chmod 1777 deep && chmod 4755 file && chown -h 7:8 soft empty");
        scratch.sh("cd in && head -c 100000 /dev/urandom >big && touch -d '2001-02-03 04:05:06' big deep/er soft");
        scratch.sh(
                "cd in && : >holes && for n in $(seq 1 40); do"
                        + " printf x | dd of=holes bs=1 seek=$((n * 65536)) conv=notrunc status=none; done; truncate -s 4M holes");
        if (!short100) {
            scratch.sh("cd in && n=$(printf '%0150d' 7) && mkdir $n && echo long >$n/$n && ln -s $n/$n $n/link");
        }

        scratch.sh("tar -C in -cf a.tar " + options + " .");
        unpack(Files.readAllBytes(scratch.path("a.tar")));

        assertThat(listing("target"))
                .isEqualTo(listing("in"))
                .contains("./holes")
                .contains("./soft");
        scratch.sh("rm -f in/pipe target/pipe; diff -r --no-dereference in target");
        if (options.contains("sparse")) {
            assertThat(scratch.sh("du -k target/holes | cut -f1").strip())
                    .asInt()
                    .isLessThan(1000);
        }
    }

    private String listing(String directory) {
        return scratch.sh(
                "cd " + directory
                        + " && find . -printf '%p %y %m %U %G %s %n %l %Ts\\n' | sed 's/^\\. d 755 0 0 [0-9]*/./' | awk '$2 == \"d\" { $6 = \"\" } 1' | sort");
    }

    @Test
    void namesAreBytes() throws IOException {
        String odd = "\u00ff\u00fe\n\u0001\u00c3";
        unpack(new RawTar()
                .pax("path=" + odd)
                .file("a", "x")
                .file("u\u00e9", "y")
                .symlink("l\u0080", "\u00ff\n"));

        assertThat(status("", odd).size()).isEqualTo(1);
        assertThat(status("", "u\u00e9").size()).isEqualTo(1);
        assertThat(scratch.sh("cd target && readlink -n l*")).isEqualTo("\u00ff\n");
    }

    @Test
    void hardLinksInsideShareOneFile() throws IOException {
        unpack(new RawTar()
                .file("a/b", "x")
                .hardLink("c", "a/b")
                .hardLink("d/e", "./c")
                .symlink("l", "/no")
                .hardLink("m", "l"));

        assertThat(status("a", "b").links()).isEqualTo(3);
        assertThat(status("d", "e").inode()).isEqualTo(status("a", "b").inode());
        assertThat(status("", "m").type()).isEqualTo(EntryStatus.Type.SYMLINK);
    }

    @Test
    void whiteoutsAndOpaqueMarks() throws IOException {
        unpack(new RawTar()
                .file("a/.wh.gone", "")
                .file("o/.wh..wh..opq", "")
                .file("o/new", "x")
                .hardLink(".wh.linked", "a/.wh.gone"));

        assertThat(status("a", "gone").type()).isEqualTo(EntryStatus.Type.WHITEOUT);
        assertThat(status("", "linked").type()).isEqualTo(EntryStatus.Type.WHITEOUT);
        assertThat(isOpaque("o")).isTrue();
        assertThat(isOpaque("a")).isFalse();
        assertThat(target.resolve("o/new")).exists();
    }

    /** A whiteout speaks of lower layers: in either order, what the layer itself has stays, and hides what is below. */
    @Test
    void aWhiteoutDoesNotDeleteWhatItsOwnLayerHas() throws IOException {
        unpack(new RawTar()
                .file("before/f", "x")
                .file(".wh.before", "")
                .file(".wh.after", "")
                .directory("after")
                .file(".wh.implied", "")
                .file("implied/f", "x")
                .file("file", "x")
                .file(".wh.file", "")
                .file(".wh.later", "")
                .file("later", "x"));

        assertThat(List.of(isOpaque("before"), isOpaque("after"), isOpaque("implied")))
                .containsOnly(true);
        assertThat(target.resolve("before/f")).exists();
        assertThat(target.resolve("implied/f")).exists();
        assertThat(status("", "file").type()).isEqualTo(EntryStatus.Type.REGULAR);
        assertThat(status("", "later").type()).isEqualTo(EntryStatus.Type.REGULAR);
    }

    @Test
    void modesAndOwnersAreKeptAsData() throws IOException {
        unpack(new RawTar()
                .owner(65_535, 1000)
                .mode(06755)
                .file("setuid", "x")
                .mode(02770)
                .directory("d")
                .pax("uid=4", "gid=5")
                .file("d/pax", ""));

        assertThat(status("", "setuid").mode()).isEqualTo(06755);
        assertThat(status("", "setuid").uid()).isEqualTo(65_535);
        assertThat(status("", "d").mode()).isEqualTo(02770);
        assertThat(status("d", "pax").uid()).isEqualTo(4);
        assertThat(status("d", "pax").gid()).isEqualTo(5);
    }

    @Test
    void onlyUsersOwnAttributesAreKept() throws IOException {
        unpack(new RawTar()
                .pax(
                        "SCHILY.xattr.user.mine=a=b\u00ff",
                        "SCHILY.xattr.user.overlay.redirect=/etc",
                        "SCHILY.xattr.trusted.overlay.redirect=/etc",
                        "SCHILY.xattr.security.capability=x",
                        "SCHILY.xattr.system.posix_acl_access=x")
                .directory("d"));

        try (Directory directory = Directory.open(target.resolve("d"))) {
            assertThat(directory.attribute("user.mine").orElseThrow())
                    .isEqualTo("a=b\u00ff".getBytes(StandardCharsets.ISO_8859_1));
            for (String stripped : List.of(
                    "user.overlay.redirect",
                    "trusted.overlay.redirect",
                    "security.capability",
                    "system.posix_acl_access")) {
                assertThat(directory.attribute(stripped)).isEmpty();
            }
        }
    }

    @Test
    void laterEntriesReplaceEarlierOnes() throws IOException {
        unpack(new RawTar()
                .file("f", "old")
                .file("f", "newer")
                .symlink("l", "/etc")
                .directory("l")
                .file("l/in", "x")
                .directory("d")
                .symlink("d", "/etc")
                .mode(0700)
                .directory("m")
                .mode(0711)
                .directory("m"));

        assertThat(target.resolve("f")).hasContent("newer");
        assertThat(status("", "l").type()).isEqualTo(EntryStatus.Type.DIRECTORY);
        assertThat(status("", "d").type()).isEqualTo(EntryStatus.Type.SYMLINK);
        assertThat(status("", "m").mode()).isEqualTo(0711);
    }

    @Test
    void saysWhichDirectoriesNobodyDescribed() throws IOException {
        Report.Done report = unpack(new RawTar()
                .file("a/b/c", "x")
                .directory("a")
                .file("z/y", "")
                .file("o/.wh..wh..opq", "")
                .file("o", ""));

        assertThat(report.implicit()).containsExactlyInAnyOrder("a/b", "z");
        assertThat(status("", "z").mode()).isEqualTo(0755);
    }

    @Test
    void anEmptyLayerIsALayer() throws IOException {
        assertThat(unpack(new byte[1024]).entries()).isZero();
        assertThat(unpack(new RawTar().file("a", "x").unfinished()).entries()).isEqualTo(1);
    }

    @Test
    void aReportSurvivesItsText() {
        List<Report> reports = List.of(
                new Report.Done(3, 5, List.of("a", "\u00ff\n")),
                new Report.Done(0, 0, List.of()),
                new Report.Refused(Refusal.DEVICE, "a b\n"),
                new Report.Refused(Refusal.TRUNCATED, ""),
                new Report.Failed("openat2", 28));

        assertThat(reports)
                .allSatisfy(report -> assertThat(Report.parse(report.text())).isEqualTo(report));
    }
}
