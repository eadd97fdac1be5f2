using System.Text;
using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Recipes;

public sealed class RecipeErrorTests
{
    [Theory]
    [InlineData("model:\n  layers: 2\n\noptimizer:\n  learning_rat: 1", "r.yaml:5: unknown key 'learning_rat' in 'optimizer'; did you mean 'learning_rate'?")]
    [InlineData("modle:\n  layers: 2", "r.yaml:1: unknown key 'modle' in the recipe; did you mean 'model'?")]
    [InlineData("data:\n  sources:\n    - path: x", "r.yaml:3: unknown key 'path' in 'data.sources[0]'; did you mean 'paths'?")]
    [InlineData("training:\n  tokens_per_step: 5", "r.yaml:2: unknown key 'tokens_per_step' in 'training'")]
    [InlineData("model:\n  layers: four", "r.yaml:2: 'model.layers' must be a whole number, not 'four'")]
    [InlineData("model:\n  layers: 2.5", "r.yaml:2: 'model.layers' must be a whole number, not '2.5'")]
    [InlineData("model:\n  layers: \"2\"", "r.yaml:2: 'model.layers' must be a whole number, not '2'")]
    [InlineData("model:\n  layers: [2]", "r.yaml:2: 'model.layers' must be a whole number, not a list")]
    [InlineData("model:\n  layers: {a: 2}", "r.yaml:2: 'model.layers' must be a whole number, not a section")]
    [InlineData("model:\n  layers:", "r.yaml:2: 'model.layers' has no value; give one or remove the line")]
    [InlineData("model:\n  layers: 0", "r.yaml:2: 'model.layers' must be at least 1, not 0")]
    [InlineData("model:\n  layers: 99999999999999999999999999999999999999", "r.yaml:2: 'model.layers' must be a whole number")]
    [InlineData("model:\n  layers: 3000000000", "r.yaml:2: 'model.layers' must be at most 10000, not 3000000000")]
    [InlineData("model:\n  dropout: 1.0", "r.yaml:2: 'model.dropout' must be less than 1, not 1.0")]
    [InlineData("model:\n  dropout: nan", "r.yaml:2: 'model.dropout' must be a number, not 'nan'")]
    [InlineData("model:\n  norm_epsilon: 0", "r.yaml:2: 'model.norm_epsilon' must be more than 0, not 0")]
    [InlineData("model:\n  tie_embeddings: yes", "r.yaml:2: 'model.tie_embeddings' must be true or false, not 'yes'")]
    [InlineData("model:\n  architecture: lama", "r.yaml:2: 'model.architecture' must be one of gpt2, llama, bert, roberta, electra, t5, not 'lama'; did you mean 'llama'?")]
    [InlineData("data:\n  validation:\n    split: tails", "r.yaml:3: 'data.validation.split' must be one of documents, tail, none, not 'tails'; did you mean 'tail'?")]
    [InlineData("model: 3", "r.yaml:1: 'model' must be a section of keys, not '3'")]
    [InlineData("data:\n  sources: x.txt", "r.yaml:2: 'data.sources' must be a list, not 'x.txt'")]
    [InlineData("- a", "r.yaml:1: a recipe must be sections of keys")]
    [InlineData("model:\n  layers: 1\n  layers: 2", "r.yaml:3: 'layers' is there twice")]
    [InlineData("model:\n  layers: 1\nmodel:\n", "r.yaml:3: 'model' is there twice")]
    [InlineData("a: &x 1\nb: *x", "r.yaml:1: anchors and aliases are not supported")]
    [InlineData("b: *x", "r.yaml:1: anchors and aliases are not supported")]
    [InlineData("seed: !!int 4", "r.yaml:1: tags are not supported")]
    [InlineData("seed: 1\n---\nseed: 2", "r.yaml:2: a second document begins")]
    [InlineData("model:\n\tlayers: 2", "r.yaml:2: not valid YAML: indented with a tab; use spaces")]
    [InlineData("model: {layers: 2", "r.yaml:1: not valid YAML")]
    [InlineData("seed: \"\\UFFFFFFFF\"", "not valid YAML")]
    public void A_wrong_recipe_is_an_error_that_says_where_and_what(string yaml, string message)
    {
        var error = Assert.Throws<CoppiceException>(() => Recipe.Parse(yaml, "r.yaml"));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("r.yaml", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Theory]
    [InlineData("model:\n  heads: 5\n  hidden_size: 128", "r.yaml:2: 'model.heads' (5) must divide 'model.hidden_size' (128)")]
    [InlineData("model:\n  heads: 4\n  hidden_size: 128\n  kv_heads: 3", "r.yaml:4: 'model.kv_heads' (3) must divide 'model.heads' (4)")]
    [InlineData("model:\n  heads: 4\n  hidden_size: 12", "r.yaml:2: the width of a head (3) must be even")]
    [InlineData("model:\n  bias: true", "r.yaml:2: 'model.bias' is for gpt2")]
    [InlineData("model:\n  architecture: bert\n  bias: false", "r.yaml:3: 'model.bias' is for gpt2; bert always has biases")]
    [InlineData("model:\n  architecture: bert\n  qk_norm: true", "r.yaml:3: 'model.qk_norm' is for llama; bert doesn't have it")]
    [InlineData("model:\n  embedding_size: 64", "r.yaml:2: 'model.embedding_size' is for electra")]
    [InlineData("model:\n  generator_share: 0.5", "r.yaml:2: 'model.generator_share' is for electra")]
    [InlineData("model:\n  architecture: electra\n  generator_share: 0", "r.yaml:3: 'model.generator_share' is 0, but the objective electra needs a generator")]
    [InlineData("model:\n  generator_layers: 2", "r.yaml:2: 'model.generator_layers' is for electra")]
    [InlineData("model:\n  architecture: electra\n  tie_generator: true", "r.yaml:3: 'model.tie_generator' makes the generator the discriminator's lowest layers: 'model.generator_share' must be 1")]
    [InlineData("model:\n  architecture: electra\n  layers: 2\n  generator_share: 1\n  generator_layers: 3\n  tie_generator: true", "r.yaml:6: 'model.tie_generator' makes the generator the discriminator's lowest layers")]
    [InlineData("objective:\n  name: rts\nmodel:\n  architecture: electra\n  generator_layers: 2", "r.yaml:5: 'model.generator_layers' and 'model.tie_generator' are for the objective electra")]
    [InlineData("model:\n  architecture: electra\n  tie_embeddings: false", "r.yaml:3: 'model.tie_embeddings' must be true for electra")]
    [InlineData("objective:\n  name: mlm", "r.yaml:2: 'objective.name' mlm is for bert and roberta, not for llama")]
    [InlineData("objective:\n  name: causal\nmodel:\n  architecture: bert", "r.yaml:2: 'objective.name' causal is for gpt2 and llama, not for bert")]
    [InlineData("objective:\n  rate: 0.3", "r.yaml:2: 'objective.rate' is for objectives that hide or replace tokens")]
    [InlineData("objective:\n  name: slm\n  unit: spans\nmodel:\n  architecture: bert", "r.yaml:3: 'objective.unit' is for mlm; slm doesn't have it")]
    [InlineData("objective:\n  mask_share: 0.7\n  random_share: 0.4\nmodel:\n  architecture: bert", "r.yaml:3: 'objective.mask_share' and 'objective.random_share' are more than 1 together")]
    [InlineData("objective:\n  detection_weight: 5\nmodel:\n  architecture: bert", "r.yaml:2: 'objective.detection_weight' is for electra; mlm doesn't have it")]
    [InlineData("objective:\n  mask_share: 0.95\nmodel:\n  architecture: bert", "r.yaml:2: 'objective.mask_share' and 'objective.random_share' are more than 1 together")]
    [InlineData("objective:\n  name: rts\nmodel:\n  architecture: electra\n  generator_share: 0.5", "r.yaml:5: 'model.generator_share' is for the objective electra; rts has no generator")]
    [InlineData("model:\n  architecture: bert\nevaluation:\n  sample_prompts: [The]", "r.yaml:4: 'evaluation.sample_prompts' are for models that continue a text, and bert doesn't")]
    [InlineData("model:\n  architecture: t5\n  bias: true", "r.yaml:3: 'model.bias' is for gpt2; t5 has no biases")]
    [InlineData("model:\n  architecture: t5\n  activation: silu", "r.yaml:3: 'model.activation' is gated_gelu or relu for t5, not silu")]
    [InlineData("model:\n  architecture: gpt2\n  activation: gated_gelu", "r.yaml:3: 'model.activation' gated_gelu is for t5, not for gpt2")]
    [InlineData("objective:\n  span_length: 5\nmodel:\n  architecture: bert", "r.yaml:2: 'objective.span_length' is for span_corruption; mlm doesn't have it")]
    [InlineData("model:\n  activation: relu", "r.yaml:2: 'model.activation' is for gpt2")]
    [InlineData("model:\n  architecture: gpt2\n  qk_norm: true", "r.yaml:3: 'model.qk_norm' is for llama")]
    [InlineData("model:\n  architecture: gpt2\n  kv_heads: 2", "r.yaml:3: 'model.kv_heads' is for llama")]
    [InlineData("model:\n  architecture: gpt2\n  head_dim: 2", "r.yaml:3: 'model.head_dim' is for llama")]
    [InlineData("model:\n  architecture: gpt2\n  sliding_window: 2", "r.yaml:3: 'model.sliding_window' is for llama")]
    [InlineData("model:\n  max_positions: 100", "r.yaml:2: 'model.max_positions' (100) is less than 'training.sequence_length' (256)")]
    [InlineData("training:\n  steps: 0", "r.yaml:2: the run has no length")]
    [InlineData("training:\n  steps: 4\n  tokens: 4", "r.yaml:3: 'training.steps' and 'training.tokens' both")]
    [InlineData("training:\n  steps: 4\n  batch_size: 16\n  accumulation: 3", "r.yaml:4: 'training.accumulation' (3) must divide 'training.batch_size' (16)")]
    [InlineData("training:\n  steps: 1e15", "r.yaml:2: the run would be longer")]
    [InlineData("schedule:\n  name: cosin", "r.yaml:2: 'schedule.name' must be one of constant, linear, cosine, inverse_sqrt, wsd, infinite, power, not 'cosin'; did you mean 'cosine'?")]
    [InlineData("schedule:\n  warmup_steps: 1\n  warmup_tokens: 1", "r.yaml:3: 'schedule.warmup_steps' and")]
    [InlineData("schedule:\n  final_learning_rate: 0.5", "r.yaml:2: 'schedule.final_learning_rate' (0.5) is above 'optimizer.learning_rate' (0.001)")]
    [InlineData("schedule:\n  cooldown_steps: 5", "r.yaml:2: 'schedule.cooldown_steps' is for infinite; cosine has no cool-down")]
    [InlineData("schedule:\n  power_amplitude: 5", "r.yaml:2: 'schedule.power_amplitude' is for power; cosine")]
    [InlineData("schedule:\n  constant_learning_rate: 1e-4", "r.yaml:2: 'schedule.constant_learning_rate' is for infinite and power; cosine")]
    [InlineData("schedule:\n  decay_shape: root", "r.yaml:2: 'schedule.decay_shape' is for wsd, infinite and power; cosine")]
    [InlineData("schedule:\n  name: power\n  constant_learning_rate: 1", "r.yaml:3: 'schedule.constant_learning_rate' (1) is above 'optimizer.learning_rate' (0.001)")]
    [InlineData("schedule:\n  name: infinite\n  final_learning_rate: 6e-4", "r.yaml:3: 'schedule.final_learning_rate' (0.0006) is above the constant learning rate (0.0005)")]
    [InlineData("schedule:\n  name: infinite", "r.yaml:2: an exponential decay never comes to 0: set 'schedule.final_learning_rate'")]
    [InlineData("schedule:\n  name: wsd\n  decay_shape: exponential", "r.yaml:3: an exponential decay never comes to 0")]
    [InlineData("training:\n  steps: 4\nschedule:\n  prior_tokens: 1e18", "r.yaml:2: the run would be longer")]
    [InlineData("data:\n  sources:\n    - name: x", "r.yaml:3: 'data.sources[0]' needs at least one path")]
    public void Keys_that_do_not_go_together_are_an_error_at_the_key(string yaml, string message)
    {
        var length = yaml.Contains("training:", StringComparison.Ordinal) ? [] : new[] { "training.steps=10" };
        var error = Assert.Throws<CoppiceException>(() => Recipe.Parse(yaml, "r.yaml", length));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Theory]
    [InlineData("optimizer.learning_rat=1", "--set optimizer.learning_rat=1: unknown key 'learning_rat' in 'optimizer'; did you mean 'learning_rate'?")]
    [InlineData("optimiser.learning_rate=1", "--set optimiser.learning_rate=1: unknown key 'optimiser' in the recipe; did you mean 'optimizer'?")]
    [InlineData("training.steps=many", "--set training.steps=many: 'training.steps' must be a whole number, not 'many'")]
    [InlineData("training.steps=", "--set training.steps=: 'training.steps' has no value")]
    [InlineData("training.steps.more=1", "--set training.steps.more=1: 'steps' has no keys inside it")]
    [InlineData("training.steps", "--set training.steps: must have the form section.key=value")]
    [InlineData("=1", "--set =1: must have the form")]
    [InlineData("a..b=1", "--set a..b=1: must have the form")]
    [InlineData("data.sources=[", "--set data.sources=[:1: not valid YAML")]
    [InlineData("model.heads=7", "--set model.heads=7: 'model.heads' (7) must divide")]
    public void A_wrong_override_is_an_error_that_repeats_it(string text, string message)
    {
        var error = Assert.Throws<CoppiceException>(() => Recipe.Parse("training:\n  steps: 5\n", "r.yaml", [text]));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_errors_that_name_them()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder.At("none.yaml"), folder.Root })
        {
            var error = Assert.Throws<CoppiceException>(() => Recipe.Load(path));
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Usage, error.ExitCode);
        }
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    [InlineData('a')]
    [InlineData('-')]
    [InlineData('?')]
    [InlineData('\'')]
    [InlineData('\n')]
    public void Large_and_deep_files_are_refused_quickly(char c)
    {
        foreach (var length in new[] { 10_000, RecipeReader.MaximumLength + 1, 10_000_000 })
        {
            Assert.Throws<CoppiceException>(() => Recipe.Parse(new string(c, length), "r.yaml"));
        }
    }

    [Fact]
    public void Random_damage_gives_a_recipe_or_an_error_for_the_user()
    {
        var sample = Recipe.Parse("training: {steps: 10}\ndata: {sources: [{paths: [\"a\\n\", b]}]}").ToYaml();
        const string alphabet = "&*!|>%@`\"'#{}[],:?- \n\t\\\0\uFEFF\uD800é0e";
        var random = new Random(3);
        for (var round = 0; round < 1_000; round++)
        {
            var text = new StringBuilder(sample);
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                var at = random.Next(text.Length);
                if (random.Next(3) == 0) text.Remove(at, Math.Min(random.Next(30), text.Length - at));
                else text.Insert(at, alphabet[random.Next(alphabet.Length)]);
            }

            try
            {
                Recipe.Parse(text.ToString(), "r.yaml");
            }
            catch (CoppiceException error)
            {
                Assert.Equal(ExitCode.Usage, error.ExitCode);
            }
        }
    }
}
