namespace Coppice.Testing;

/// <summary>A folder that lives as long as a test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Creates the folder.</summary>
    public TemporaryFolder() => Root = Directory.CreateTempSubdirectory("coppice-test-").FullName;

    /// <summary>The folder's path.</summary>
    public string Root { get; }

    /// <summary>A path under the folder.</summary>
    /// <param name="relative">The path relative to the folder.</param>
    public string At(string relative) => Path.Combine(Root, relative);

    /// <summary>Writes a text file and returns its path.</summary>
    /// <param name="relative">The path relative to the folder.</param>
    /// <param name="text">The content.</param>
    public string Write(string relative, string text)
    {
        var path = At(relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Root, recursive: true);
}
