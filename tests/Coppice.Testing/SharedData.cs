namespace Coppice.Testing;

/// <summary>Optional test data beside the repository (<c>../shared</c>): reference numbers and real text.</summary>
public static class SharedData
{
    /// <summary>The folder of the repository: the nearest one above the test's binaries that holds the solution.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>The folder of the optional data, whether it exists or not.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));

    /// <summary>A path under the optional data.</summary>
    /// <param name="relative">The path relative to the folder.</param>
    public static string At(string relative) => Path.Combine(Root, relative);

    /// <summary>Whether the file or folder exists.</summary>
    /// <param name="relative">The path relative to the folder.</param>
    public static bool Has(string relative) => File.Exists(At(relative)) || Directory.Exists(At(relative));

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Coppice.slnx"))) return folder.FullName;
        }

        throw new InvalidOperationException("The tests run from inside a clone: no folder above them holds Coppice.slnx.");
    }
}
