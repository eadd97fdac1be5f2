using Coppice.Foundation;

namespace Coppice.Training.Checkpoints;

/// <summary>
/// Writes and opens one checkpoint: under a temporary name, flushed, given a manifest with checksums and renamed, so that it is there whole or not at all.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Writes a checkpoint; one of the same name is replaced.</summary>
    /// <param name="directory">Its directory.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="writeFiles">Writes the files into the directory it is given.</param>
    /// <param name="validationLoss">The validation loss at this step, if it was measured.</param>
    /// <exception cref="CoppiceException">It can't be written.</exception>
    public static Checkpoint Write(string directory, long step, Action<string> writeFiles, double? validationLoss = null)
    {
        var temporary = directory + AtomicFile.TemporarySuffix;
        try
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            Directory.CreateDirectory(temporary);
            writeFiles(temporary);
            CheckpointManifest.Of(temporary, step, validationLoss).Write(temporary);

            // A run that went back to an older checkpoint comes to the same step again; what is there then was refused.
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
            Directory.Move(temporary, directory);
        }
        catch (Exception error)
        {
            RemoveQuietly(temporary);
            if (error is IOException or UnauthorizedAccessException) throw new CoppiceException($"{directory}: the checkpoint can't be written: {error.Message}", inner: error);
            throw;
        }

        return new Checkpoint(step, directory, validationLoss);
    }

    /// <summary>Opens a checkpoint that stands by itself.</summary>
    /// <param name="directory">Its directory.</param>
    /// <returns>The checkpoint, every file of which has its checksum.</returns>
    /// <exception cref="CoppiceException">It is missing or damaged.</exception>
    public static Checkpoint Open(string directory)
    {
        var manifest = CheckpointManifest.TryRead(directory, out var reason);
        if ((manifest is null ? reason : manifest.FindDamage(directory)) is { } damage) throw new CoppiceException($"{directory}: is no whole checkpoint: {damage}");
        return new Checkpoint(manifest!.Step, directory, manifest.ValidationLoss);
    }

    // The error that is on its way matters more than what can't be cleared away.
    private static void RemoveQuietly(string directory)
    {
        try
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
