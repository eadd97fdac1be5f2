using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Adapters.Directories;

/// <summary>
/// Which model an adapter belongs to, and whether a given one is that: <c>coppice.json</c> beside the adapter names the base as its parent, with the fingerprint. An adapter
/// from elsewhere has no such file.
/// </summary>
public static class AdapterBase
{
    /// <summary>The model directory that an adapter stands on: the given one, or the one that its files name.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="given">A model directory or a run's, or null.</param>
    /// <exception cref="CoppiceException">It is no adapter, or its base is not named or not there (exit code 2).</exception>
    public static string Find(string adapter, string? given = null)
    {
        var configuration = AdapterDirectory.ReadConfiguration(adapter);
        if (given is not null) return ParentModel.Resolve(given);
        string?[] named = [Provenance.Load(adapter)?.Parent?.Path, configuration.BaseModel];
        foreach (var path in named.OfType<string>())
        {
            // PEFT writes a path as it was typed; ours are relative to the adapter's directory.
            foreach (var place in new[] { Provenance.ResolvePath(adapter, path), path })
            {
                var directory = ParentModel.Resolve(place);
                if (File.Exists(Path.Combine(directory, ModelDirectory.ConfigurationFile))) return directory;
            }
        }

        throw CoppiceException.Usage($"{adapter}: its base {(named.OfType<string>().FirstOrDefault() is { } missing ? $"'{missing}' is not there" : "is not named in it")}: give the model directory with --base");
    }

    /// <summary>Refuses a model that an adapter was not trained on. An adapter that doesn't say what it was trained on, as one from elsewhere, is taken.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="model">A model directory or a GGUF file.</param>
    /// <exception cref="CoppiceException">It is another model, or a newer version of the one: the message says which and what to do.</exception>
    public static void Require(string adapter, string model)
    {
        if (Provenance.Load(adapter)?.Parent is not { } trainedOn) return;
        if (File.Exists(model)) throw CoppiceException.Usage($"{adapter}: was trained on a model directory, and whether {model} holds the same model can't be seen: take the directory");
        if (ModelDirectory.Fingerprint(model) == trainedOn.Fingerprint) return;
        var trained = Provenance.ResolvePath(adapter, trainedOn.Path);
        throw new CoppiceException(VersionsSince(model, trainedOn.Fingerprint) is { } versions
            ? FormattableString.Invariant($"{adapter}: was trained on an older version of {model}, {versions} update{(versions == 1 ? "" : "s")} before it: bring it up with 'coppice adapter refresh {adapter} --base {model} --data FILE -o DIR', or use it with {trained}")
            : $"{adapter}: was trained on another base than {model}: use it with {trained}, or train one for {model}");
    }

    /// <summary>Reads an adapter into a set, after <see cref="Require"/>.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="model">The directory of the set's model.</param>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The adapter's name in the set.</param>
    /// <param name="trainable">Whether it is to be trained further.</param>
    /// <exception cref="CoppiceException">It can't be read, or belongs to another base.</exception>
    public static Adapter Load(string adapter, string model, AdapterSet set, string name, bool trainable = false)
    {
        Require(adapter, model);
        return AdapterDirectory.Load(adapter, set, name, trainable);
    }

    /// <summary>Writes down which base an adapter belongs to, and puts the base's tokenizer beside it.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="baseModel">The base's model directory.</param>
    /// <param name="madeOf">The directory of the adapter that it was made of, which says what it was trained on and for; null for none.</param>
    /// <exception cref="CoppiceException">A file can't be read or written.</exception>
    public static void Record(string adapter, string baseModel, string? madeOf = null)
    {
        var (known, tokenizer) = (madeOf is null ? null : Provenance.Load(madeOf), Tokenizer.Load(baseModel));
        TokenizerFiles.Write(tokenizer, adapter, ModelDirectory.ReadConfiguration(baseModel).MaxPositions, baseModel);
        new Provenance
        {
            Software = Provenance.ThisSoftware,
            Parent = new ProvenanceParent(Provenance.RelativePath(adapter, baseModel), ModelDirectory.Fingerprint(baseModel)),
            Task = known?.Task,
            Recipe = Provenance.Load(baseModel)?.Recipe ?? "",
            Tokenizer = tokenizer.Fingerprint,
            Sources = known?.Sources ?? [],
            Metrics = new Dictionary<string, double>(),
        }.Save(adapter);
    }

    /// <summary>How many updates lie between a model of a fingerprint and one that came from it; null where it did not. 0 where it is that model.</summary>
    /// <param name="model">The model directory.</param>
    /// <param name="fingerprint">The fingerprint of the older one.</param>
    /// <exception cref="CoppiceException">A file is damaged.</exception>
    public static int? VersionsSince(string model, string fingerprint)
    {
        if (ModelDirectory.Fingerprint(model) == fingerprint) return 0;
        var (directory, seen) = (Path.GetFullPath(model), new HashSet<string>(StringComparer.Ordinal));
        // Directories that were put in each other's places may lead back to where the chain was already.
        for (var versions = 1; seen.Add(directory) && Provenance.Load(directory)?.Parent is { } parent; versions++)
        {
            if (parent.Fingerprint == fingerprint) return versions;
            directory = Provenance.ResolvePath(directory, parent.Path);
        }

        return null;
    }
}
