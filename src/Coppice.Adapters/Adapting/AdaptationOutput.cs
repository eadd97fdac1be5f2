using Coppice.Adapters.Directories;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>Writes what came of adapting a model as a directory.</summary>
public static class AdaptationOutput
{
    // Enough to tell whether an adapter is whole, little enough for large vocabularies.
    private const int ReferenceTokens = 16;

    /// <summary>Writes an adapter as PEFT has it, or a model; with the head, the tokenizer, numbers for <c>coppice verify</c> (of adapters on decoders in float32) and where it comes from.</summary>
    /// <param name="adaptation">After its training.</param>
    /// <param name="result">What that gave.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="baseDirectory">The base's.</param>
    /// <param name="sources">Where the examples come from.</param>
    /// <exception cref="Foundation.CoppiceException">The directory can't be written.</exception>
    public static void Save(Adaptation adaptation, AdaptationResult result, string directory, string baseDirectory, IReadOnlyList<ProvenanceSource>? sources = null)
    {
        Directory.CreateDirectory(directory);
        var (model, tokenizer) = (adaptation.Model, adaptation.Base.Tokenizer);
        if (adaptation.Head is { } head) HeadFile.Save(Path.Combine(directory, HeadFile.FileName), head, adaptation.Description!);
        TokenizerFiles.Write(tokenizer, directory, model.Configuration.MaxPositions, baseDirectory);
        if (adaptation.Adapters is { } adapters)
        {
            if (model.Configuration.IsCausal && model.Quantized is null) WriteReference(adaptation, directory);
            AdapterDirectory.Save(directory, adapters, Adaptation.AdapterName, Provenance.RelativePath(directory, baseDirectory));
        }
        else
        {
            ModelDirectory.Save(directory, model);
        }

        ProvenanceOf(adaptation, result, directory, baseDirectory, sources ?? []).Save(directory);
    }

    private static Provenance ProvenanceOf(Adaptation adaptation, AdaptationResult result, string directory, string baseDirectory, IReadOnlyList<ProvenanceSource> sources)
    {
        var metrics = new Dictionary<string, double> { ["train_loss"] = result.TrainLoss };
        if (result.Validation is { } validation)
        {
            metrics["validation_loss"] = validation.Loss;
            foreach (var (name, value) in validation.Values) metrics[$"validation_{name}"] = value.Value;
        }

        var recipe = adaptation.Recipe;
        return new Provenance
        {
            Software = Provenance.ThisSoftware,
            Parent = new ProvenanceParent(Provenance.RelativePath(directory, baseDirectory), ModelDirectory.Fingerprint(baseDirectory)),
            Task = new ProvenanceTask(recipe.Task.Name, recipe.Adapter.Method, recipe.ToYaml()),
            Recipe = Provenance.Load(baseDirectory)?.Recipe ?? "",
            Tokenizer = adaptation.Base.Tokenizer.Fingerprint,
            Sources = sources,
            Steps = result.Steps,
            Tokens = result.Tokens,
            Metrics = metrics,
        };
    }

    /// <summary>Tokens of an example and the logits that base and adapter give for them.</summary>
    private static void WriteReference(Adaptation adaptation, string directory)
    {
        var model = adaptation.Model;
        int[] tokens = [.. adaptation.Examples.Examples[0].Documents[0].Tokens.Take(ReferenceTokens)];
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        input.Set(tape, tokens, [.. Enumerable.Range(0, tokens.Length)], [0, tokens.Length], training: false);
        var logits = model.Logits(tape, model.Hidden(tape, input)).ToArray();
        SafetensorsWriter.Write(
            Path.Combine(directory, AdapterVerifier.ReferenceFile),
            [
                TensorToWrite.Integers("input_ids", [1, tokens.Length], Array.ConvertAll(tokens, token => (long)token)),
                TensorToWrite.Floats("logits", [1, tokens.Length, model.Configuration.VocabularySize], logits),
            ]);
    }
}
