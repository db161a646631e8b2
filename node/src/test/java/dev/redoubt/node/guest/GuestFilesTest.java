package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** File operations, which the kernel allows or not as it would the job's user. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuestFilesTest {
    @SuppressWarnings("NullAway.Init")
    private GuestFixture guest;

    @BeforeAll
    void start() {
        guest = GuestFixture.start();
    }

    @AfterAll
    void stop() {
        guest.close();
    }

    private GuestFixture.Ended run(Work work) {
        return guest.run(RunRequest.of(work).withUser("user"));
    }

    private int write(String path, int mode, byte[] content) throws Exception {
        var request = RunRequest.of(new Work.WriteFile(Bytes.of(path), mode))
                .withUser("user")
                .withInput();
        try (GuestJob job = guest.channel().run(request, new CollectedOutput(0))) {
            try {
                job.write(ByteBuffer.wrap(content));
                job.closeInput();
            } catch (BrokenInputException refused) {
                // it may have ended before it was sent anything: its end says why
            }
            return ((JobExit.Exited) await(job.exit())).code();
        }
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        byte[] content = new byte[300_001];
        new Random(7).nextBytes(content);
        assertThat(write("/tmp/a file", 0640, content)).isZero();
        assertThat(run(new Work.ReadFile(Bytes.of("/tmp/a file"), 0, Work.ReadFile.ALL))
                        .output()
                        .out())
                .isEqualTo(content);
        assertThat(run(new Work.ReadFile(Bytes.of("/tmp/a file"), 5, 10))
                        .output()
                        .out())
                .isEqualTo(java.util.Arrays.copyOfRange(content, 5, 15));
        FileEntry entry = FileEntry.decode(
                        run(new Work.Stat(Bytes.of("/tmp/a file"))).output().out())
                .getFirst();
        assertThat(entry.permissions()).isEqualTo(0640);
        assertThat(entry.isRegularFile()).isTrue();
        assertThat(entry.size()).isEqualTo(content.length);
        assertThat(entry.uid()).isEqualTo(1000);
        assertThat(entry.gid()).isEqualTo(1000);
        assertThat(write("/tmp/a file", 0600, new byte[0])).isZero(); // keeps its mode, not its content
        assertThat(guest.run("stat -c '%a %s' '/tmp/a file'").text()).isEqualTo("640 0\n");
    }

    @Test
    void directoriesAreMadeListedRenamedAndRemoved() {
        assertThat(run(new Work.MakeDirectory(Bytes.of("/tmp/d"), 0750)).code()).isZero();
        assertThat(run(new Work.MakeDirectory(Bytes.of("/tmp/d"), 0750)).code()).isEqualTo(Errno.EEXIST);
        byte[] odd = {'/', 't', 'm', 'p', '/', 'd', '/', (byte) 0xff, '\n'};
        assertThat(run(new Work.MakeDirectory(Bytes.of(odd), 0700)).code()).isZero();
        guest.run("ln -s /no/where /tmp/d/link; echo x > /tmp/d/file");
        List<FileEntry> entries = FileEntry.decode(
                run(new Work.ListDirectory(Bytes.of("/tmp/d"))).output().out());
        assertThat(entries)
                .extracting(FileEntry::name)
                .containsExactlyInAnyOrder(
                        Bytes.of(new byte[] {(byte) 0xff, '\n'}), Bytes.of("link"), Bytes.of("file"));
        assertThat(entries)
                .filteredOn(entry -> entry.name().equals(Bytes.of("link")))
                .extracting(FileEntry::target)
                .containsExactly(Optional.of(Bytes.of("/no/where")));
        assertThat(run(new Work.Remove(Bytes.of("/tmp/d"))).code()).isEqualTo(Errno.ENOTEMPTY);
        assertThat(run(new Work.Rename(Bytes.of("/tmp/d/file"), Bytes.of("/tmp/moved")))
                        .code())
                .isZero();
        assertThat(run(new Work.Remove(Bytes.of("/tmp/moved"))).code()).isZero();
        assertThat(run(new Work.Remove(Bytes.of("/tmp/moved"))).code()).isEqualTo(Errno.ENOENT);
        assertThat(run(new Work.Remove(Bytes.of("/tmp/d/link"))).code()).isZero();
        assertThat(run(new Work.Remove(Bytes.of(odd))).code()).isZero();
        assertThat(run(new Work.Remove(Bytes.of("/tmp/d"))).code()).isZero();
    }

    @Test
    void theKernelDecidesWhatIsAllowed() throws Exception {
        guest.run(GuestFixture.sh("umask 077; echo secret > /tmp/roots").withUser("0"));
        assertThat(run(new Work.ReadFile(Bytes.of("/tmp/roots"), 0, 100)).code())
                .isEqualTo(Errno.EACCES);
        assertThat(write("/tmp/roots", 0600, new byte[] {1})).isEqualTo(Errno.EACCES);
        assertThat(run(new Work.Remove(Bytes.of("/tmp/roots"))).code()).isEqualTo(Errno.EPERM); // sticky
        // the control: its owner may
        var owner =
                RunRequest.of(new Work.ReadFile(Bytes.of("/tmp/roots"), 0, 100)).withUser("0");
        assertThat(guest.run(owner).text()).isEqualTo("secret\n");
    }

    @Test
    void whatIsNoFileIsSaidSo() throws Exception {
        assertThat(run(new Work.ReadFile(Bytes.of("/tmp"), 0, 10)).code()).isEqualTo(Errno.EISDIR);
        assertThat(run(new Work.ListDirectory(Bytes.of("/etc/passwd"))).code()).isEqualTo(Errno.ENOTDIR);
        guest.run("mkfifo /tmp/fifo");
        assertThat(run(new Work.ReadFile(Bytes.of("/tmp/fifo"), 0, 10)).code()).isZero(); // and does not hang
        assertThat(write("/tmp/fifo", 0600, new byte[1])).isEqualTo(Errno.ENXIO);
        assertThat(run(new Work.Stat(Bytes.of("/tmp/nothing"))).code()).isEqualTo(Errno.ENOENT);
        assertThat(new String(
                        run(new Work.ReadFile(Bytes.of("/etc/passwd"), 0, 4))
                                .output()
                                .out(),
                        StandardCharsets.UTF_8))
                .isEqualTo("root");
    }
}
