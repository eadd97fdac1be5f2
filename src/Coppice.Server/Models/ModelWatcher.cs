using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Server;

/// <summary>
/// Looks for newer versions of the served models: other files at a model's own path, or an update of it in a folder of runs. A newer version is loaded
/// beside the old one, which goes when its last request is done.
/// </summary>
/// <param name="models">The served models.</param>
/// <param name="options">The server's options.</param>
internal sealed class ModelWatcher(IReadOnlyList<ServedModel> models, ServerOptions options)
{
    // What a directory looked like when it was loaded or could not be: it is not tried again as it is.
    private readonly Dictionary<string, string> _known = models.ToDictionary(model => model.Current.Directory, model => Stamp(model.Current.Directory) ?? "", StringComparer.Ordinal);

    // What it looked like last time: files that are still being written are left alone.
    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);

    /// <summary>Looks again and again.</summary>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.WatchInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                foreach (var model in models) Look(model);
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }

    private void Look(ServedModel model)
    {
        try
        {
            // An update first: once it is served, the path that it came from changes nothing any more.
            if (Update(model) is { } update && IsSettled(update)) Load(model, update);
            else if (ModelVersion.Resolve(model.Path) is var own && IsSettled(own)) Load(model, own);
        }
        catch (Exception error) when (error is CoppiceException or IOException or UnauthorizedAccessException)
        {
            options.Notice($"{model.Name}: the newer version is not served: {error.Message}");
        }
    }

    /// <summary>Whether a directory has changed since it was tried last, and not since it was seen last.</summary>
    private bool IsSettled(string directory)
    {
        var stamp = Stamp(directory);
        if (stamp is null || _known.GetValueOrDefault(directory) == stamp) return false;
        var settled = _seen.GetValueOrDefault(directory) == stamp;
        _seen[directory] = stamp;
        return settled;
    }

    private void Load(ServedModel model, string directory)
    {
        var stamp = Stamp(directory);
        _known[directory] = stamp ?? "";
        var before = model.Current;
        if (ModelVersion.FingerprintOf(directory) == before.Fingerprint) return;
        var isUpdate = ParentOf(directory) == before.Fingerprint;
        var next = ModelVersion.Load(directory, options, model.Metrics);
        if (Stamp(directory) != stamp)
        {
            // It changed while it was read: another look will find it settled.
            next.Release();
            _known.Remove(directory);
            return;
        }

        model.Replace(next);
        options.Notice($"{model.Name}: serving {directory} now, {(isUpdate ? "an update of the version before" : "which is no update of the version before")}");
    }

    /// <summary>The newest model in the watched folder whose parent is the served version.</summary>
    private string? Update(ServedModel model)
    {
        if (options.WatchedFolder is not { } folder || !Directory.Exists(folder)) return null;
        var fingerprint = model.Current.Fingerprint;
        return Directory.GetDirectories(folder).Select(ModelVersion.Resolve).Where(directory => ParentOf(directory) == fingerprint)
            .MaxBy(directory => File.GetLastWriteTimeUtc(Path.Combine(directory, Provenance.FileName)));
    }

    private static string? ParentOf(string directory)
    {
        try
        {
            // What was adapted to a task is another model, and an adapter is none.
            return Provenance.Load(directory) is { Task: null } provenance && Stamp(directory) is not null ? provenance.Parent?.Fingerprint : null;
        }
        catch (CoppiceException)
        {
            // Not a file of ours, or one that is not whole yet.
            return null;
        }
    }

    /// <summary>Names, sizes and times of the files that make a model; null where there is none.</summary>
    private static string? Stamp(string directory)
    {
        if (File.Exists(directory)) return StampOf(new FileInfo(directory));
        if (!File.Exists(Path.Combine(directory, ModelDirectory.ConfigurationFile))) return null;
        var files = new DirectoryInfo(directory).EnumerateFiles().Where(file => file.Extension is ".safetensors" or ".json" or ".jinja").OrderBy(file => file.Name, StringComparer.Ordinal);
        return string.Join('\n', files.Select(StampOf));

        static string StampOf(FileInfo file) => FormattableString.Invariant($"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}");
    }
}
