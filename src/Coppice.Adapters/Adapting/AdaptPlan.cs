using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;
using Coppice.Training.Loop;
using Coppice.Training.Planning;

namespace Coppice.Adapters;

/// <summary>What adapting a model will take, known before its first step.</summary>
/// <param name="Trained">Values that are trained.</param>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Steps">Steps of the training.</param>
/// <param name="Examples">Examples trained on.</param>
/// <param name="Tokens">Tokens of a pass over them.</param>
/// <param name="Memory">The memory of a step.</param>
/// <param name="Loading">The memory that is held while the model is read and quantised, at its highest.</param>
public sealed record AdaptPlan(long Trained, long Parameters, long Steps, int Examples, long Tokens, MemoryPlan Memory, long Loading)
{
    // A token of an example: its id, its target and its weight, and about as much again of text and of collections around them.
    private const long BytesOfAToken = 24;

    // Of a tokenizer's vocabulary: its text, its places in dictionaries and its merge. Measured on GPT-2's, as what the process has more with it.
    private const long BytesOfAVocabularyEntry = 512;

    /// <summary>The memory that the run holds resident at its highest.</summary>
    public long Peak => Math.Max(Memory.RunTotal, Loading);

    /// <summary>Plans a run by preparing it on a <see cref="PlanningBackend"/>: examples, model, adapter, optimizer and steps are the real ones.</summary>
    /// <param name="recipe">The recipe, with its model and files.</param>
    /// <exception cref="Foundation.CoppiceException">Whatever would be refused before training.</exception>
    public static AdaptPlan For(AdaptRecipe recipe)
    {
        recipe.Validate();
        var (training, validation) = TaskFiles.Read(recipe);
        var path = recipe.Model.Path;
        return For(recipe, ModelDirectory.ReadConfiguration(path), Tokenizer.Load(path), AdaptBase.TemplateOf(path, recipe), training, validation);
    }

    /// <summary>Plans an adaptation of a base that is open.</summary>
    /// <param name="base">The base.</param>
    /// <param name="recipe">The recipe; its files are not read.</param>
    /// <param name="training">The examples to train on.</param>
    /// <param name="validation">Those to measure on; null for none.</param>
    /// <exception cref="Foundation.CoppiceException">Whatever would be refused before training.</exception>
    public static AdaptPlan For(AdaptBase @base, AdaptRecipe recipe, TaskData training, TaskData? validation = null) =>
        For(recipe, @base.Model.Configuration, @base.Tokenizer, @base.Template, training, validation);

    private static AdaptPlan For(AdaptRecipe recipe, ModelConfiguration configuration, Tokenizer tokenizer, ChatTemplate? template, TaskData training, TaskData? validation)
    {
        using var backend = new PlanningBackend();
        var model = recipe.Model.Quantize == Quantization.None ? configuration.Create(backend, recipe.Adapter.IsFull) : QuantizedModel.Empty(configuration, backend, recipe.Model.Quantize);
        using var opened = new AdaptBase(model, tokenizer, template);
        using var adaptation = Adaptation.PrepareToPlan(opened, recipe, training, validation);
        using var trainer = adaptation.CreateTrainer();
        using (var evaluator = new TaskEvaluator(model, recipe.Training.BatchTokens, trainer.Tape)) adaptation.MeasureValidation(evaluator);
        var memory = MemoryPlan.Of(model, trainer, LargestSteps(adaptation));
        var frozen = (adaptation.Adapter?.Frozen.Values.Count ?? 0) * sizeof(float);
        var kept = validation is null ? 0 : adaptation.TrainedSets.Sum(set => set.Values.Count * sizeof(float));
        var tokens = adaptation.Examples.Tokens + (adaptation.ValidationExamples?.Tokens ?? 0);
        memory = memory with { Weights = memory.Weights + frozen, Run = memory.Run + kept + BytesOfAToken * tokens + BytesOfAVocabularyEntry * tokenizer.VocabularySize };
        return new AdaptPlan(
            adaptation.TrainedCount, configuration.Plan().Sum(parameter => parameter.Shape.Count), adaptation.TotalSteps, adaptation.Examples.Examples.Count, adaptation.Examples.Tokens, memory,
            model.Quantized is { } quantized ? memory.Other + quantized.Bytes + QuantizedModel.WorkingBytes(configuration) : 0);
    }

    /// <summary>Of one pass over the examples, the micro-batches with most tokens, with the longest document, and with most targets: one of them takes most memory.</summary>
    private static List<PackedBatch[]> LargestSteps(Adaptation adaptation)
    {
        var largest = new PackedBatch?[3];
        for (var step = 0; step < adaptation.Sampler.StepsPerEpoch; step++)
        {
            foreach (var batch in adaptation.Sampler.Next())
            {
                for (var i = 0; i < largest.Length; i++)
                {
                    if (largest[i] is { } known && Size(batch, i) <= Size(known, i)) continue;
                    largest[i] = new PackedBatch();
                    largest[i]!.CopyFrom(batch);
                }
            }
        }

        return [.. largest.Select(batch => new[] { batch! })];
    }

    private static int Size(PackedBatch batch, int measure) => measure switch
    {
        0 => batch.Count,
        1 => Enumerable.Range(0, batch.DocumentCount).Max(document => batch.CumulativeLengths[document + 1] - batch.CumulativeLengths[document]),
        _ => batch.CountedTokens,
    };
}
