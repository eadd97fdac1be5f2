using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Weights;

/// <summary>Targets are those that PEFT would take.</summary>
public sealed class TargetTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(1);
    private readonly LanguageModel _llama;

    public TargetTests() => _llama = TinyModels.Create("llama-untied", _backend);

    public void Dispose()
    {
        _llama.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj", "q_proj", true)]
    [InlineData("model.layers.0.self_attn.q_proj", "self_attn.q_proj", true)]
    [InlineData("model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.q_proj", true)]
    [InlineData("model.layers.0.self_attn.q_proj", "proj", false)]
    [InlineData("model.layers.0.self_attn.q_proj", "attn.q_proj", false)]
    [InlineData("q_proj", "q_proj", true)]
    public void A_name_matches_a_path_or_its_end_behind_a_dot(string path, string name, bool matches) => Assert.Equal(matches, TargetPattern.Of(name).Matches(path));

    [Theory]
    [InlineData(@".*\.q_proj", true)]
    [InlineData(@".*(q|v)_proj", true)]
    [InlineData(@"q_proj", false)]
    [InlineData(@".*\.q", false)]
    public void An_expression_matches_the_whole_path(string expression, bool matches) =>
        Assert.Equal(matches, TargetPattern.Matching(expression).Matches("model.layers.0.self_attn.q_proj"));

    [Fact]
    public void All_linear_is_every_projection_but_the_head()
    {
        var targets = Select(new AdapterSettings { Targets = TargetPattern.Matching("all-linear") });
        Assert.Equal(2 * 7, targets.Count);
        Assert.DoesNotContain(targets, target => target.Contains("lm_head", StringComparison.Ordinal));
    }

    [Fact]
    public void Modules_that_are_saved_or_excluded_are_no_targets()
    {
        var settings = new AdapterSettings { Targets = TargetPattern.Of("q_proj", "v_proj", "up_proj"), ModulesToSave = ["up_proj"], Exclude = TargetPattern.Of("layers.1.self_attn.v_proj") };
        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", "model.layers.1.self_attn.q_proj"], Select(settings));
    }

    [Fact]
    public void Layers_are_chosen_by_number()
    {
        var settings = new AdapterSettings { Targets = TargetPattern.Of("q_proj"), Layers = [1] };
        Assert.Equal(["model.layers.1.self_attn.q_proj"], Select(settings));
        Assert.Equal(["model.layers.1.self_attn.q_proj"], Select(settings with { LayersPattern = ["layers"] }));
        Assert.Throws<CoppiceException>(() => Select(settings with { LayersPattern = ["blocks"] }));
        Assert.Throws<CoppiceException>(() => Select(settings with { Targets = TargetPattern.Matching(".*q_proj") }));
    }

    [Fact]
    public void Ranks_and_alphas_of_patterns_count_where_they_match_the_end_of_a_path_and_the_first_wins()
    {
        var settings = new AdapterSettings
        {
            Targets = TargetPattern.Of("q_proj", "v_proj"), Rank = 4, Alpha = 8,
            RankPattern = [new(@"layers\.1\..*", 2), new("q_proj", 6), new("_proj", 7)],
            AlphaPattern = [new("v_proj", 3.5)],
        };
        var targets = TargetSelection.Select(_llama, settings, settings.Targets!);
        Assert.Equal([6, 4, 2, 2], targets.Select(target => target.Rank));
        Assert.Equal([8, 3.5, 8, 3.5], targets.Select(target => target.Alpha));
    }

    [Theory]
    [InlineData("gpt2", "lora", 2)]
    [InlineData("llama", "lora", 4)]
    [InlineData("bert", "lora", 4)]
    [InlineData("gpt2", "ia3", 4)]
    [InlineData("llama", "ia3", 6)]
    [InlineData("bert", "ia3", 8)]
    public void Without_targets_the_usual_ones_are_taken(string architecture, string method, int count)
    {
        using var adapted = new AdaptedModel(method, architecture, new AdapterSettings { Method = method, Rank = 2 });
        Assert.Equal(count, adapted.Adapter.Targets.Count);
        Assert.Equal(method == "ia3", adapted.Adapter.Targets.Any(target => target.ScalesInput));
    }

    [Fact]
    public void Names_that_mean_nothing_are_refused_with_a_hint()
    {
        using var set = new AdapterSet(_llama);
        var error = Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { Targets = TargetPattern.Of("q_proj", "vproj") }, seed: 1));
        Assert.Contains("did you mean 'v_proj'", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { Targets = TargetPattern.Of("lm_head") }, seed: 1));
        Assert.Empty(set.Names);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("(q")]
    public void An_expression_that_is_none_is_refused(string expression) => Assert.Throws<CoppiceException>(() => TargetPattern.Matching(expression));

    [Fact]
    public void An_expression_that_takes_for_ever_is_refused() =>
        Assert.Throws<CoppiceException>(() => TargetPattern.Matching("(a+)+b").Matches(new string('a', 60)));

    [Fact]
    public void A_rank_below_one_is_refused() => Assert.Throws<CoppiceException>(() => Select(new AdapterSettings { Targets = TargetPattern.Of("q_proj"), Rank = 0 }));

    [Fact]
    public void A_tied_head_can_not_be_trained_apart_from_the_embedding()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var set = new AdapterSet(model);
        var error = Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { ModulesToSave = ["embed_tokens"] }, seed: 1));
        Assert.Contains("tie_word_embeddings", error.Message, StringComparison.Ordinal);
        using var untied = new AdapterSet(_llama);
        Assert.Equal(["lm_head.weight"], untied.Add("a", new AdapterSettings { ModulesToSave = ["lm_head"] }, seed: 1).BaseParameters);
    }

    private List<string> Select(AdapterSettings settings) => [.. TargetSelection.Select(_llama, settings, settings.Targets!).Select(target => target.Name)];
}
