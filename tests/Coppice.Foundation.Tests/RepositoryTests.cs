using System.Text.RegularExpressions;
using System.Xml.Linq;
using Coppice.Testing;

namespace Coppice.Foundation.Tests;

/// <summary>Rules that the repository keeps, so that its documents stay true.</summary>
public partial class RepositoryTests
{
    private const int LongestSource = 600;

    // What a build or a user leaves in a clone.
    private static readonly string[] NotOurs = [".git", ".vs", "artifacts", "bin", "obj", "TestResults", "runs", "data"];
    private static readonly string[] TextEndings = [".cs", ".csproj", ".props", ".slnx", ".md", ".yaml", ".json", ".editorconfig", ".cmd", ""];

    private static string Root => SharedData.RepositoryRoot;

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var listed = XDocument.Load(At("Coppice.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value);
        Assert.Equal(Files(".csproj").Select(Relative).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rooms_reference_what_the_table_in_the_architecture_says()
    {
        var table = RoomRow().Matches(File.ReadAllText(At("ARCHITECTURE.md")))
            .ToDictionary(row => row.Groups["room"].Value, row => (References: Names(row.Groups["references"].Value), Packages: Names(row.Groups["packages"].Value)));
        Assert.Equal(RoomNames(), table.Keys.Order(StringComparer.Ordinal));
        foreach (var (room, (references, packages)) in table)
        {
            var project = XDocument.Load(At($"src/{room}/{room}.csproj"));
            var found = Includes(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)["Coppice.".Length..]);
            Assert.True(references.SetEquals(found), $"{room} references {string.Join(", ", found)}; ARCHITECTURE.md says {string.Join(", ", references)}");
            Assert.True(packages.SetEquals(Includes(project, "PackageReference")), $"{room} uses other packages than ARCHITECTURE.md says");
        }
    }

    [Fact]
    public void Unsafe_code_is_in_the_room_of_tensors_alone()
    {
        var withUnsafe = Files(".csproj", ".props").Where(path => File.ReadAllText(path).Contains("AllowUnsafeBlocks", StringComparison.Ordinal)).Select(Relative);
        Assert.Equal(
            ["src/Coppice.Tensors/Coppice.Tensors.csproj", "tests/Coppice.Tensors.Tests/Coppice.Tensors.Tests.csproj"],
            withUnsafe.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Sources_can_be_read_in_one_sitting()
    {
        foreach (var path in Files(".cs"))
        {
            var lines = File.ReadLines(path).Count();
            Assert.True(lines <= LongestSource, $"{Relative(path)} has {lines} lines; {LongestSource} are the most");
        }
    }

    [Fact]
    public void Nothing_in_the_sources_is_left_for_later() =>
        AssertNowhere(Files(".cs").Where(path => Relative(path).StartsWith("src/", StringComparison.Ordinal)), LeftForLater());

    [Fact]
    public void No_file_names_a_folder_of_one_machine() => AssertNowhere(Files(TextEndings), FolderOfOneMachine());

    [Fact]
    public void Links_between_documents_lead_to_files()
    {
        foreach (var path in Files(".md"))
        {
            foreach (Match link in MarkdownLink().Matches(File.ReadAllText(path)))
            {
                var target = Path.Combine(Path.GetDirectoryName(path)!, link.Groups["path"].Value);
                Assert.True(Path.Exists(target), $"{Relative(path)}: {link.Value} leads nowhere");
            }
        }
    }

    private static void AssertNowhere(IEnumerable<string> files, Regex pattern)
    {
        foreach (var path in files)
        {
            var match = pattern.Match(File.ReadAllText(path));
            Assert.False(match.Success, $"{Relative(path)}: '{match.Value}'");
        }
    }

    private static string At(string relative) => Path.Combine(Root, relative);

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/');

    private static IEnumerable<string> RoomNames() => Files(".csproj")
        .Where(path => Relative(path).StartsWith("src/", StringComparison.Ordinal)).Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Includes(XDocument project, string item) => project.Descendants(item).Select(reference => reference.Attribute("Include")!.Value);

    private static HashSet<string> Names(string cell) => cell == "nothing" ? [] : [.. cell.Split(", ")];

    private static IEnumerable<string> Files(params string[] endings) => Files(new DirectoryInfo(Root)).Where(path => endings.Contains(Path.GetExtension(path)));

    private static IEnumerable<string> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(file => file.FullName)
            .Concat(folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null && !NotOurs.Contains(inner.Name)).SelectMany(Files));

    [GeneratedRegex(@"^\| `(?<room>[\w.]+)` \| [^|]* \| (?<references>[^|]*) \| (?<packages>[^|]*) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex RoomRow();

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|NotImplementedException")]
    private static partial Regex LeftForLater();

    [GeneratedRegex(@"(?<![\w.])/(work|root|home|Users)/")]
    private static partial Regex FolderOfOneMachine();

    [GeneratedRegex(@"\[[^\]]*\]\((?!\w+:)(?<path>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex MarkdownLink();
}
