using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Foundation.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_no_other()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.txt", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half of the n"u8);
            throw new InvalidOperationException("killed");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_named()
    {
        using var folder = new TemporaryFolder();
        var blocked = Path.Combine(folder.Write("file", "x"), "below.txt");
        var error = Assert.Throws<CoppiceException>(() => AtomicFile.WriteText(blocked, "y"));
        Assert.Contains(blocked, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checksums_of_file_and_text_agree()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.WriteText(folder.At("sub/a.txt"), "abc");
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Checksum.OfFile(folder.At("sub/a.txt")));
        Assert.Equal(Checksum.Of("abc"), Checksum.OfFile(folder.At("sub/a.txt")));
    }
}
