using Coppice.Continual.Recipes;
using Coppice.Continual.Vocabulary;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Checkpoints;
using Coppice.Training.Data;
using Coppice.Training.Optimizers;

namespace Coppice.Continual.Updates;

/// <summary>The weights that an update begins from: the parent's trunk or release, with new tokens where those are asked for.</summary>
internal sealed class UpdateStart : IDisposable
{
    private const string GrownFolder = "grown";

    private UpdateStart(LanguageModel model, Checkpoint? trunk, string tokenizerPath) => (Model, Trunk, TokenizerPath) = (model, trunk, tokenizerPath);

    /// <summary>The trainable model.</summary>
    public LanguageModel Model { get; }

    /// <summary>The trunk that it begins from; null for the release.</summary>
    public Checkpoint? Trunk { get; }

    /// <summary>Where the update's tokenizer is.</summary>
    public string TokenizerPath { get; }

    /// <summary>The first new token, or null where none were added.</summary>
    public int? FirstNewToken { get; private init; }

    /// <summary>Whether the vocabulary has grown.</summary>
    public bool Grown => FirstNewToken is not null;

    /// <summary>Loads the weights.</summary>
    public static UpdateStart Open(UpdateRequest request, ParentModel parent, Backend backend, CancellationToken cancellation)
    {
        var recipe = request.Recipe;
        var trunk = recipe.Start.From == "trunk" || (recipe.Start.From == "auto" && parent.TrunkDirectory is { } directory && Directory.Exists(directory)) ? parent.OpenTrunk() : null;
        if (trunk is null && recipe.Start.From == "auto" && parent.TrunkDirectory is { } gone)
            request.Notice($"warning: {gone}: the undecayed trunk of the parent is not there; beginning from its release");
        request.Notice(trunk is null ? $"beginning from the release {parent.Directory}" : FormattableString.Invariant($"beginning from the trunk {trunk.Directory}, undecayed after {trunk.Step:N0} steps"));
        var weights = trunk?.Directory ?? parent.Directory;
        if (recipe.Vocabulary.Grow == 0) return new UpdateStart(ModelDirectory.Load(weights, backend, trainable: true), trunk, Path.Combine(parent.Directory, Tokenizer.FileName));

        var grown = Path.Combine(request.Directory, GrownFolder);
        var path = Path.Combine(grown, Tokenizer.FileName);
        var firstNew = parent.Tokenizer.VocabularySize;
        // The tokenizer is written last: what is there without it was never finished.
        if (File.Exists(path)) return new UpdateStart(ModelDirectory.Load(grown, backend, trainable: true), trunk, path) { FirstNewToken = firstNew };
        request.Notice(FormattableString.Invariant($"learning {recipe.Vocabulary.Grow:N0} new tokens"));
        using var model = ModelDirectory.Load(weights, backend);
        var training = UpdateData.AsTrainingRecipe(recipe, "");
        var documents = recipe.Data.Sources.SelectMany(section => new SourceText(training, section).Train(cancellation));
        using var growth = VocabularyGrowth.Grow(model, parent.Tokenizer, documents, new VocabularyGrowthOptions
        {
            Tokens = recipe.Vocabulary.Grow, Initializer = recipe.Vocabulary.Initializer, Seed = (ulong)recipe.Seed,
            Threads = recipe.Training.UsedThreads, Cancellation = cancellation,
        });
        request.Notice(FormattableString.Invariant(
            $"{growth.Report.TokensAdded:N0} tokens added: {growth.Report.Before.BytesPerToken:F2} bytes per token of the new text before, {growth.Report.After.BytesPerToken:F2} now"));
        Directory.CreateDirectory(grown);
        ModelDirectory.Save(grown, growth.Model);
        growth.Tokenizer.Save(path);
        return new UpdateStart(ModelDirectory.Load(grown, backend, trainable: true), trunk, path) { FirstNewToken = firstNew };
    }

    /// <summary>The mask of the first steps, in which only new rows change; null without new tokens.</summary>
    /// <param name="section">How long.</param>
    /// <param name="tokenizer">The grown tokenizer.</param>
    /// <param name="steps">Steps of the update.</param>
    public GradientTransform? Mask(VocabularySection section, Tokenizer tokenizer, long steps) => FirstNewToken is { } first && section.NewRowsShare > 0
        ? new NewRowsOnly(Model, first, tokenizer.VocabularySize - first, (long)Math.Ceiling(section.NewRowsShare * steps))
        : null;

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
