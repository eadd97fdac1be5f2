using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Testing;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

/// <summary>Three languages as files, a tiny model that was pretrained on the first, and one accepted update of it with the second.</summary>
public sealed class UpdateWorld : IDisposable
{
    private const string Pretraining = """
        seed: 5
        model: { layers: 1, heads: 2, hidden_size: 32 }
        tokenizer: { vocabulary_size: 300 }
        data: { validation: { share: 0.1 } }
        training: { steps: 120, batch_size: 8, sequence_length: 32, checkpoint_every: 0 }
        optimizer: { learning_rate: 0.01 }
        schedule: { name: wsd, warmup_steps: 10 }
        evaluation: { sample_prompts: [] }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<UpdateResult> _first;

    public UpdateWorld()
    {
        Old = _folder.Write("text/old.jsonl", new ToyLanguage(1, "ptkmn").JsonLines(200));
        New = _folder.Write("text/new.jsonl", new ToyLanguage(2, "bdgvz").JsonLines(120));
        Next = _folder.Write("text/next.jsonl", new ToyLanguage(3, "fshlr").JsonLines(120));
        Parent = Pretrain("base", "old", Old);
        _first = new Lazy<UpdateResult>(() => Update("first", Parent, New));
    }

    public string Old { get; }

    public string New { get; }

    public string Next { get; }

    /// <summary>The pretrained model's directory.</summary>
    public string Parent { get; }

    /// <summary>An accepted update of the parent with the second language.</summary>
    public UpdateResult First => _first.Value;

    public void Dispose() => _folder.Dispose();

    public string At(string relative) => _folder.At(relative);

    public string Write(string relative, string text) => _folder.Write(relative, text);

    /// <summary>Pretrains a model of its own, for a test that damages it.</summary>
    public string Pretrain(string run, string name, string text, params string[] overrides)
    {
        var recipe = RecipeDocument.Parse<Recipe>(Pretraining, overrides: overrides).Recipe;
        recipe = recipe with { Data = recipe.Data with { Sources = [new SourceSection { Name = name, Paths = [text] }] } };
        return new PretrainRun(new PretrainRequest { Recipe = recipe, RunDirectory = At(run) }).Execute(default).Model;
    }

    /// <summary>A recipe that is quick and that the gate accepts.</summary>
    public UpdateRecipe RecipeFor(string parent, string text, params string[] overrides)
    {
        string[] quick = ["training.steps=40", "training.checkpoint_every=10", "training.log_every=1", "evaluation.points=4", "evaluation.memorisation=false", "evaluation.sample_tokens=8", "gate.max_forgetting=0.2", "gate.max_forgetting_overall=0.4"];
        var recipe = RecipeDocument.Parse("", "update", [.. quick, .. overrides], UpdateRecipe.For(ParentModel.Open(parent))).Recipe;
        return recipe with { Data = recipe.Data with { Sources = [new SourceSection { Name = Path.GetFileNameWithoutExtension(text), Paths = [text] }] } };
    }

    public UpdateResult Update(string run, string parent, string text, params string[] overrides) => Run(run, RecipeFor(parent, text, overrides));

    public UpdateResult Run(string run, UpdateRecipe recipe, bool resume = false, Action<string>? notice = null, StopAfter? stop = null)
    {
        var request = new UpdateRequest { Recipe = recipe, Directory = At(run), Resume = resume, Notice = notice ?? (_ => { }) };
        return stop is null ? new UpdateRun(request).Execute(default) : new UpdateRun(request, [stop]).Execute(stop.Token);
    }

    /// <summary>A checksum of the weights.</summary>
    public static string WeightsOf(string model) => Checksum.OfFile(Path.Combine(model, "model.safetensors"));

    /// <summary>Every file under a directory with its checksum.</summary>
    public static IReadOnlyDictionary<string, string> FilesOf(string directory) =>
        Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToDictionary(path => path, Checksum.OfFile, StringComparer.Ordinal);

    /// <summary>A copy of the pretrained run with everything beside the model, for a test that damages it.</summary>
    /// <returns>The copy's model directory.</returns>
    public string CopyOfParent(string name)
    {
        var from = At("base");
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(At(name), Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return Path.Combine(At(name), PretrainRun.ModelFolder);
    }

    /// <summary>What an update says about itself.</summary>
    public static Provenance ProvenanceOf(string model) => Provenance.Load(model)!;
}

/// <summary>The tests that share the world.</summary>
[CollectionDefinition(Name)]
public sealed class UpdateCollection : ICollectionFixture<UpdateWorld>
{
    public const string Name = "updates";
}
