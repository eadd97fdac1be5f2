using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Training.Checkpoints;

/// <summary>
/// The checkpoints of a run: <c>checkpoints/step-00000060/</c> and so on. Each is written under a temporary name, flushed, given a manifest with
/// checksums and renamed, so that a run that is killed at any moment leaves the checkpoint before it untouched; one that was damaged
/// otherwise is refused by name and the one before it is used.
/// </summary>
public sealed class CheckpointStore
{
    private const string Prefix = "step-";

    private readonly string _folder;
    private readonly int _keep;
    private readonly Action<string> _warn;

    /// <summary>Names the checkpoints of a run; nothing is read or changed yet.</summary>
    /// <param name="runDirectory">The run's directory; created when the first checkpoint is saved.</param>
    /// <param name="keep">How many of the newest checkpoints stay, at least 1; the one with the lowest validation loss stays besides.</param>
    /// <param name="warn">Receives one line for each checkpoint that is refused and each directory that can't be removed.</param>
    public CheckpointStore(string runDirectory, int keep = 2, Action<string>? warn = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        _folder = Path.Combine(runDirectory, "checkpoints");
        _keep = keep;
        _warn = warn ?? (_ => { });
    }

    /// <summary>Whether there is a checkpoint, complete or not.</summary>
    public bool Any => Steps().Count > 0;

    /// <summary>Removes what a killed process left unfinished. For the process that trains, at its start: another's would take its half-written checkpoint away.</summary>
    public void RemoveUnfinished()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (var leftOver in Directory.GetDirectories(_folder, Prefix + "*" + AtomicFile.TemporarySuffix)) Remove(leftOver);
    }

    /// <summary>Saves a checkpoint, then removes those that are no longer kept.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="writeFiles">Writes the files into the directory it is given.</param>
    /// <param name="validationLoss">The validation loss at this step, if it was measured; the lowest one is kept.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="CoppiceException">It can't be written; the checkpoints before it are untouched.</exception>
    public Checkpoint Save(long step, Action<string> writeFiles, double? validationLoss = null)
    {
        var saved = CheckpointWriter.Write(DirectoryOf(step), step, writeFiles, validationLoss);
        RemoveOld(step);
        return saved;
    }

    /// <summary>The newest checkpoint that is complete. Damaged ones on the way are refused with a warning.</summary>
    /// <returns>The checkpoint, or null where there is none at all.</returns>
    /// <exception cref="CoppiceException">There are checkpoints but all are damaged.</exception>
    public Checkpoint? LoadLatest()
    {
        var steps = Steps();
        foreach (var step in steps)
        {
            var directory = DirectoryOf(step);
            var manifest = CheckpointManifest.TryRead(directory, out var reason);
            if (manifest is not null) reason = manifest.Step == step ? manifest.FindDamage(directory) : $"its manifest is for step {manifest.Step}";
            if (reason is null) return new Checkpoint(step, directory, manifest!.ValidationLoss);
            _warn($"{directory}: refused, because {reason}");
        }

        return steps.Count == 0
            ? null
            : throw new CoppiceException($"{_folder}: {(steps.Count == 1 ? "the only checkpoint is" : $"all {steps.Count} checkpoints are")} damaged; restore a copy, or remove the folder to begin again");
    }

    /// <summary>The checkpoint with the lowest validation loss of those that are kept, if any was measured. Its files are not compared with its manifest.</summary>
    public Checkpoint? Best()
    {
        Checkpoint? best = null;
        foreach (var step in Steps())
        {
            if (CheckpointManifest.TryRead(DirectoryOf(step), out _) is { ValidationLoss: { } loss } && !double.IsNaN(loss) && !(loss >= best?.ValidationLoss))
            {
                best = new Checkpoint(step, DirectoryOf(step), loss);
            }
        }

        return best;
    }

    // Only now that the new checkpoint is complete. It stays in any case, as do the newest ones that were finished and the best.
    private void RemoveOld(long saved)
    {
        var best = Best()?.Step;
        var finished = 0;
        foreach (var step in Steps())
        {
            var isFinished = CheckpointManifest.TryRead(DirectoryOf(step), out _) is not null;
            if (isFinished) finished++;
            if (step != saved && step != best && (!isFinished || finished > _keep)) Remove(DirectoryOf(step));
        }
    }

    // The steps of all directories that have a checkpoint's name, newest first.
    private List<long> Steps()
    {
        if (!Directory.Exists(_folder)) return [];
        var steps = new List<long>();
        foreach (var directory in Directory.GetDirectories(_folder, Prefix + "*"))
        {
            if (long.TryParse(Path.GetFileName(directory)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) && DirectoryOf(step) == directory) steps.Add(step);
        }

        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    private string DirectoryOf(long step) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D8}"));

    private void Remove(string directory)
    {
        try
        {
            // Without its name first, so that a removal that is interrupted leaves no checkpoint that looks torn.
            var removed = directory.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal) ? directory : directory + AtomicFile.TemporarySuffix;
            if (removed != directory) Directory.Move(directory, removed);
            Directory.Delete(removed, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _warn($"{directory}: can't be removed: {error.Message}");
        }
    }
}
