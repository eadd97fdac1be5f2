using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class GenerateCommandTests
{
    private const string Stories = "models/stories260k";
    private const string Sentence = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n";

    [SharedDataFact(Stories)]
    public void A_model_from_elsewhere_writes_what_it_wrote_there()
    {
        var run = CommandRun.Of("generate", SharedData.At(Stories), "--temperature", "0", "--max-tokens", "61", "--json");
        Assert.StartsWith(Sentence.TrimEnd('\n'), run.Json.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("length", run.Json.GetProperty("finish_reason").GetString());

        var stopped = CommandRun.Of("generate", SharedData.At(Stories), "--temperature", "0", "--stop", "Lily", "--json");
        Assert.Equal(("Once upon a time, there was a little girl named ", "stop"), (stopped.Json.GetProperty("text").GetString(), stopped.Json.GetProperty("finish_reason").GetString()));
    }

    [SharedDataFact(Stories)]
    public void A_model_from_elsewhere_has_the_loss_that_was_measured_there()
    {
        using var folder = new TemporaryFolder();
        var measured = CommandRun.Of("evaluate", SharedData.At(Stories), "--data", folder.Write("lily.txt", Sentence), "--json").Json;
        Assert.Equal(0.402094, measured.GetProperty("loss").GetDouble(), 1e-4);
        Assert.Equal(Sentence.Length, measured.GetProperty("bytes").GetInt32());
    }

    [SharedDataFact(Stories)]
    public void Minimal_pairs_are_counted()
    {
        using var folder = new TemporaryFolder();
        var pairs = folder.Write("pairs.jsonl", """
            {"good": "She wanted to play.", "bad": "She wanted to plays.", "phenomenon": "verbs"}
            {"good": "There was a girl.", "bad": "There was a girls.", "phenomenon": "nouns"}
            """);
        var measured = CommandRun.Of("evaluate", SharedData.At(Stories), "--pairs", pairs, "--json").Json;
        Assert.Equal(2, measured.GetProperty("pairs").GetProperty("pairs").GetInt32());
        Assert.Equal(1, measured.GetProperty("pairs").GetProperty("accuracy").GetDouble());
        Assert.Equal("nouns", measured.GetProperty("pairs").GetProperty("phenomena")[0].GetProperty("name").GetString());
    }

    [SharedDataFact(Stories)]
    public void Guessing_ahead_writes_the_same_text_in_fewer_passes()
    {
        string[] arguments = ["generate", SharedData.At(Stories), "--temperature", "0", "--max-tokens", "100", "--json"];
        var plain = CommandRun.Of(arguments).Json;
        foreach (var source in new[] { "prompt-lookup", "recycling", "recycling-tree", SharedData.At(Stories) })
        {
            var run = CommandRun.Of([.. arguments, "--speculate", source]).Json;
            Assert.Equal(plain.GetProperty("text").GetString(), run.GetProperty("text").GetString());
            Assert.InRange(run.GetProperty("speculation").GetProperty("passes").GetInt32(), 33, 98);
        }

        var refused = CommandRun.Of([.. arguments[..^1], "--speculate", "prompt-loockup"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("did you mean 'prompt-lookup'?", refused.Error, StringComparison.Ordinal);
    }

    [SharedDataFact(Stories)]
    public void A_search_finds_a_text_that_is_at_least_as_probable_as_the_greedy_one()
    {
        string[] arguments = ["generate", SharedData.At(Stories), "--prompt", "Lily and Tom", "--max-tokens", "12", "--json"];
        var greedy = CommandRun.Of([.. arguments, "--temperature", "0", "--log-probabilities", "0"]).Json;
        var one = CommandRun.Of([.. arguments, "--beams", "1"]).Json;
        Assert.Equal(greedy.GetProperty("text").GetString(), one.GetProperty("text").GetString());
        var found = CommandRun.Of([.. arguments, "--beams", "5", "--length-penalty", "0"]).Json;
        var beams = found.GetProperty("beams");
        Assert.Equal(5, beams.GetArrayLength());
        Assert.Equal(found.GetProperty("text").GetString(), beams[0].GetProperty("text").GetString());
        var probability = greedy.GetProperty("log_probabilities").EnumerateArray().Sum(token => token.GetProperty("log_probability").GetDouble());
        Assert.True(beams[0].GetProperty("log_probability").GetDouble() >= probability - 1e-4);
        Assert.Equal(found.GetProperty("text").GetString(), CommandRun.Of([.. arguments[..^1], "--beams", "5", "--length-penalty", "0"]).Output);
        foreach (var wrong in new string[][] { ["--beams", "2", "--temperature", "1"], ["--beams", "2", "--speculate", "recycling"], ["--beams", "2", "--window", "64"], ["--length-penalty", "1"], ["--beams", "0"] })
        {
            Assert.Equal(2, CommandRun.Of([.. arguments, .. wrong]).ExitCode);
        }
    }

    [SharedDataFact(Stories)]
    public void A_text_goes_on_beyond_the_models_positions_in_a_window()
    {
        string[] arguments = ["generate", SharedData.At(Stories), "--logit-bias", "1=-100", "2=-100", "--json", "--max-tokens"];
        Assert.Equal(700, CommandRun.Of([.. arguments, "700", "--window", "128", "--sinks", "2"]).Json.GetProperty("tokens").GetInt32());
        Assert.Equal(CommandRun.Of([.. arguments, "60"]).Json.GetProperty("text").GetString(), CommandRun.Of([.. arguments, "60", "--window", "128"]).Json.GetProperty("text").GetString());
        foreach (var wrong in new string[][] { ["--sinks", "2"], ["--window", "100000"], ["--window", "4"], ["--window", "64", "--speculate", "recycling"] })
        {
            var refused = CommandRun.Of([.. arguments, "5", .. wrong]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(wrong[0][2..], refused.Error, StringComparison.Ordinal);
        }
    }

    [SharedDataFact(Stories)]
    public void A_text_keeps_to_the_form_that_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var schema = folder.Write("schema.json", """{"properties": {"name": {"type": "string", "maxLength": 10}, "age": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["name", "age"]}""");
        var json = CommandRun.Of("generate", SharedData.At(Stories), "--prompt", "Lily", "--json-schema", schema).Output;
        using var person = System.Text.Json.JsonDocument.Parse(json);
        Assert.InRange(person.RootElement.GetProperty("age").GetInt32(), 1, 9);
        Assert.Matches("^(yes|no)!$", CommandRun.Of("generate", SharedData.At(Stories), "--regex", "(yes|no)!").Output);
        Assert.Matches("^- [a-z]{3}\n- [a-z]{3}$", CommandRun.Of("generate", SharedData.At(Stories), "--grammar", folder.Write("list.gbnf", "root ::= item \"\\n\" item\nitem ::= \"- \" [a-z]{3}")).Output);
        var refused = CommandRun.Of("generate", SharedData.At(Stories), "--json-schema", folder.Write("wrong.json", "{\"type\": \"txet\"}"));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("there is no type 'txet'", refused.Error, StringComparison.Ordinal);
    }

    [SharedDataFact(Stories)]
    public void A_model_is_run_in_fewer_bits()
    {
        foreach (var quantization in new[] { "int8", "int4" })
        {
            var run = CommandRun.Of("generate", SharedData.At(Stories), "--temperature", "0", "--max-tokens", "12", "--quantize", quantization, "--json");
            Assert.StartsWith("Once upon a time", run.Json.GetProperty("text").GetString(), StringComparison.Ordinal);
        }

        using var folder = new TemporaryFolder();
        var gguf = folder.At("stories.gguf");
        Assert.Equal(0, CommandRun.Of("export", SharedData.At(Stories), "-o", gguf, "--type", "q8_0").ExitCode);
        Assert.StartsWith("Once upon a time", CommandRun.Of("generate", gguf, "--temperature", "0", "--max-tokens", "12", "--quantize", "int8", "--json").Json.GetProperty("text").GetString(), StringComparison.Ordinal);
        var measured = CommandRun.Of("bench", "generate", gguf, "--quantize", "int8", "--prompt-tokens", "8", "--json");
        Assert.True(measured.Json.GetProperty("tokens_per_second").GetDouble() > 0, measured.Error);

        var lines = folder.Write("lines.txt", "Once upon a time, there was a little girl named Lily.\nTom was a small dog.\n");
        Assert.Equal(2, CommandRun.Of("embed", gguf, lines, "--quantize", "int8", "--json").Json.GetProperty("texts").GetArrayLength());
        string[] evaluate = ["evaluate", gguf, "--data", lines, "--json"];
        var (exact, rounded) = (CommandRun.Of(evaluate).Json, CommandRun.Of([.. evaluate, "--quantize", "int8"]).Json);
        Assert.InRange(rounded.GetProperty("bits_per_byte").GetDouble() / exact.GetProperty("bits_per_byte").GetDouble(), 0.98, 1.02);
    }

    [Fact]
    public void What_can_not_be_done_with_fewer_bits_is_said()
    {
        using var folder = new TemporaryFolder();
        var unknown = CommandRun.Of("generate", folder.Root, "--quantize", "int5");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("--quantize must be one of none, int8, int4, not 'int5'", unknown.Error, StringComparison.Ordinal);
        var export = CommandRun.Of("export", folder.Write("model.gguf", "GGUF"), "-o", folder.At("again.gguf"));
        Assert.Equal(1, export.ExitCode);
        Assert.Contains("is a file, not a model directory; 'coppice import' makes one of a GGUF file", export.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_no_model_is_named()
    {
        using var folder = new TemporaryFolder();
        var run = CommandRun.Of("generate", folder.Root);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is not a model directory", run.Error, StringComparison.Ordinal);
    }

    [SharedDataFact(Stories)]
    public void A_conversation_is_written_as_the_models_template_says_and_its_authors_defaults_count()
    {
        using var folder = new TemporaryFolder();
        var model = folder.At("model");
        Directory.CreateDirectory(model);
        foreach (var source in Directory.GetFiles(SharedData.At(Stories))) File.Copy(source, Path.Combine(model, Path.GetFileName(source)));
        folder.Write("model/tokenizer_config.json", """{"chat_template": "{{ bos_token }}{{ messages[-1].content }}", "bos_token": "<s>", "eos_token": "</s>"}""");
        folder.Write("model/generation_config.json", """{"do_sample": false, "max_new_tokens": 12}""");
        string[] generate = ["generate", model, "--prompt", "Once upon a time", "--json"];
        var plain = CommandRun.Of(generate).Json;
        var chat = CommandRun.Of([.. generate, "--chat", "--system", "Tell."]).Json;
        Assert.Equal((12, 12), (plain.GetProperty("tokens").GetInt32(), chat.GetProperty("tokens").GetInt32()));
        // The template is the prompt itself, and begins with <s> once.
        Assert.Equal(plain.GetProperty("prompt_tokens").GetInt32(), chat.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(plain.GetProperty("text").GetString()!.TrimStart(), chat.GetProperty("text").GetString());
        Assert.Equal(3, CommandRun.Of([.. generate, "--max-tokens", "3"]).Json.GetProperty("tokens").GetInt32());
        Assert.Equal(2, CommandRun.Of([.. generate, "--system", "Tell."]).ExitCode);

        var file = folder.At("model.gguf");
        Assert.Equal(0, CommandRun.Of("export", model, "-o", file).ExitCode);
        var exported = CommandRun.Of("generate", file, "--prompt", "Once upon a time", "--chat", "--temperature", "0", "--max-tokens", "12", "--json").Json;
        Assert.Equal(chat.GetProperty("prompt_tokens").GetInt32(), exported.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(chat.GetProperty("text").GetString(), exported.GetProperty("text").GetString());
    }
}
