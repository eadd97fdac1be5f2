using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class FileFinderTests
{
    [Fact]
    public void A_folder_is_read_with_all_below_in_the_order_of_the_paths()
    {
        using var folder = Some();
        Assert.Equal(["A.txt", "a-b.txt", "a/b/x.txt", "a/y.txt", "b.md"], Ids(folder.Root));
    }

    [Theory]
    [InlineData("*.txt", "A.txt a-b.txt")]
    [InlineData("**/*.txt", "A.txt a-b.txt a/b/x.txt a/y.txt")]
    [InlineData("a/**/*.txt", "b/x.txt y.txt")]
    [InlineData("a/*/x.txt", "b/x.txt")]
    [InlineData("**/b/*", "a/b/x.txt")]
    [InlineData("?.*", "A.txt b.md")]
    public void Patterns_match_as_shells_do(string pattern, string expected)
    {
        using var folder = Some();
        Assert.Equal(expected.Split(' '), Ids(folder.At(pattern)));
    }

    [Fact]
    public void Hidden_files_and_linked_folders_are_left_out()
    {
        using var folder = Some();
        folder.Write(".hidden.txt", "x");
        folder.Write(".git/x.txt", "x");
        Directory.CreateSymbolicLink(folder.At("a/circle"), folder.Root);
        Assert.Equal(5, Ids(folder.Root).Count);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        using var folder = Some();
        foreach (var missing in new[] { folder.At("nothing"), folder.At("nothing.txt"), folder.At("*.pdf"), folder.At("no/*.txt") })
        {
            Assert.Contains(missing, Assert.Throws<CoppiceException>(() => Ids(missing)).Message, StringComparison.Ordinal);
        }
    }

    private static TemporaryFolder Some()
    {
        var folder = new TemporaryFolder();
        foreach (var file in new[] { "b.md", "a/y.txt", "a/b/x.txt", "a-b.txt", "A.txt" }) folder.Write(file, file);
        return folder;
    }

    private static List<string> Ids(string path) => [.. FileFinder.Find(path, new CorpusReport()).Select(file => file.Id)];
}
