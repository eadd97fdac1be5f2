using System.Text;
using System.Text.Json;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Directories;

/// <summary>Writes <c>adapter_config.json</c> with as few keys as PEFT needs: its older versions refuse what they don't know.</summary>
internal static class AdapterConfigurationWriter
{
    /// <summary>What the types of adapters begin with that PEFT has no form for.</summary>
    public const string OwnPrefix = "COPPICE_";

    /// <summary>The type of adapters that PEFT has no form for: other tools refuse it by name.</summary>
    /// <param name="method">The method.</param>
    public static string OwnType(string method) => OwnPrefix + method.ToUpperInvariant();

    /// <summary>Behind the name of a target in PEFT's rank_pattern of AdaLoRA.</summary>
    public const string AdaLoraKey = ".lora_E";

    /// <summary>What the types of adapters begin with under which some layers of a decoder see both directions: other tools, which would compute something else, refuse them by name.</summary>
    public const string BidirectionalPrefix = OwnPrefix + "BIDIRECTIONAL_";

    /// <summary>Which groups of layers do.</summary>
    public const string BidirectionalKey = "bidirectional_groups";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, AdapterSettings settings, LanguageModel model, IReadOnlyList<TargetModule> targets, string? baseModel)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, Indented))
        {
            json.WriteStartObject();
            json.WriteString("peft_type", (settings.BidirectionalGroups.Contains(true) ? BidirectionalPrefix : "") + TypeOf(settings.Method));
            var isPrompt = ModuleConfiguration.IsPrompt(settings.Method);
            json.WriteString("task_type", model.Configuration.IsCausal ? "CAUSAL_LM" : isPrompt ? "FEATURE_EXTRACTION" : null);
            json.WriteString("base_model_name_or_path", baseModel);
            json.WriteBoolean("inference_mode", true);
            if (settings.BidirectionalGroups.Contains(true)) WriteFlags(json, BidirectionalKey, settings.BidirectionalGroups);
            if (!ModuleConfiguration.Write(json, settings, model)) WriteMethod(json, settings);
            if (targets.Count > 0) WritePattern(json, "target_modules", settings.Targets ?? TargetPattern.Of([.. targets.Select(target => target.Name)]));
            if (settings.Exclude is { } exclude) WritePattern(json, "exclude_modules", exclude);
            WriteLayers(json, settings);
            if (settings.Method == "ia3") WriteTexts(json, "feedforward_modules", [.. targets.Where(target => target.ScalesInput).Select(target => target.Name)]);
            else if (!isPrompt) json.WriteString("bias", settings.Bias switch { BiasTraining.All => "all", BiasTraining.TargetsOnly => settings.Method == "vera" ? "vera_only" : "lora_only", _ => "none" });
            if (targets.Count > 0) json.WriteBoolean("fan_in_fan_out", targets.Any(target => target.Dense is { Layout: WeightLayout.InputsByOutputs }));
            if (settings.ModulesToSave.Count > 0) WriteTexts(json, "modules_to_save", settings.ModulesToSave);
            else if (!isPrompt) json.WriteNull("modules_to_save");
            json.WriteEndObject();
        }

        AtomicFile.WriteText(path, Encoding.UTF8.GetString(memory.ToArray()) + "\n");
    }

    private static string TypeOf(string method) => method switch
    {
        "lora" or "rslora" or "dora" => "LORA",
        "vera" => "VERA",
        "ia3" => "IA3",
        "adalora" => "ADALORA",
        _ => ModuleConfiguration.TypeOf(method) ?? OwnType(method),
    };

    private static void WriteMethod(Utf8JsonWriter json, AdapterSettings settings)
    {
        switch (settings.Method)
        {
            case "vera":
                json.WriteNumber("r", settings.Rank);
                json.WriteNumber("d_initial", settings.InitialD);
                json.WriteNumber("vera_dropout", settings.Dropout);
                json.WriteNumber("projection_prng_key", 0);
                json.WriteBoolean("save_projection", true);
                break;
            case "ia3":
                json.WriteBoolean("init_ia3_weights", true);
                break;
            case "lora" or "rslora" or "dora":
                WriteLora(json, settings);
                break;
            case "adalora":
                WriteAdaLora(json, settings);
                break;
            case "dsee":
                WriteLora(json, settings);
                json.WriteNumber("sparse_entries", (settings.Dsee ?? new DseeSettings()).Entries);
                break;
            case "svft":
                var svft = settings.Svft ?? new SvftSettings();
                json.WriteString("svft_pattern", svft.Pattern.ToString().ToLowerInvariant());
                json.WriteNumber("svft_size", svft.Size);
                break;
            case "lst":
                var lst = settings.Lst ?? new LstSettings();
                json.WriteNumber("reduction", lst.Reduction);
                json.WriteNumber("drop_every", lst.DropEvery);
                json.WriteBoolean("add_to_base", lst.AddToBase);
                break;
            case "qst":
                var qst = settings.Qst ?? new QstSettings();
                json.WriteNumber("reduction", qst.Reduction);
                json.WriteNumber("bottleneck", qst.Bottleneck);
                break;
            case "said":
                json.WriteNumber("dimension", (settings.Said ?? new SaidSettings()).Dimension);
                break;
        }
    }

    private static void WriteLora(Utf8JsonWriter json, AdapterSettings settings)
    {
        json.WriteNumber("r", settings.Rank);
        json.WriteNumber("lora_alpha", settings.Alpha);
        json.WriteNumber("lora_dropout", settings.Dropout);
        json.WriteBoolean("init_lora_weights", true);
        if (settings.RankStabilized) json.WriteBoolean("use_rslora", true);
        if (settings.Method == "dora") json.WriteBoolean("use_dora", true);
        if (settings.RankPattern.Count > 0)
        {
            json.WriteStartObject("rank_pattern");
            foreach (var (pattern, rank) in settings.RankPattern) json.WriteNumber(pattern, rank);
            json.WriteEndObject();
        }

        if (settings.AlphaPattern.Count == 0) return;
        json.WriteStartObject("alpha_pattern");
        foreach (var (pattern, alpha) in settings.AlphaPattern) json.WriteNumber(pattern, alpha);
        json.WriteEndObject();
    }

    /// <summary>
    /// PEFT asks for a schedule that leaves room for choosing ranks, though none is left in a file. Names in its rank_pattern end with that of the middle factor.
    /// </summary>
    private static void WriteAdaLora(Utf8JsonWriter json, AdapterSettings settings)
    {
        var adaLora = settings.AdaLora ?? new AdaLoraSettings();
        json.WriteNumber("init_r", settings.Rank);
        json.WriteNumber("target_r", AdaLora.TargetRank(settings));
        json.WriteNumber("tinit", adaLora.WarmUp);
        json.WriteNumber("tfinal", adaLora.Final);
        json.WriteNumber("deltaT", adaLora.Interval);
        json.WriteNumber("total_step", adaLora.WarmUp + adaLora.Final + 1);
        json.WriteNumber("beta1", adaLora.Beta1);
        json.WriteNumber("beta2", adaLora.Beta2);
        json.WriteNumber("orth_reg_weight", adaLora.Orthogonality);
        json.WriteNumber("lora_alpha", settings.Alpha);
        json.WriteNumber("lora_dropout", settings.Dropout);
        json.WriteBoolean("init_lora_weights", true);
        if (adaLora.Kept.Count == 0) return;
        json.WriteStartObject("rank_pattern");
        foreach (var (target, kept) in adaLora.Kept) WriteFlags(json, target + AdaLoraKey, kept);

        json.WriteEndObject();
    }

    private static void WriteLayers(Utf8JsonWriter json, AdapterSettings settings)
    {
        if (settings.Layers.Count == 0) return;
        json.WriteStartArray("layers_to_transform");
        foreach (var layer in settings.Layers) json.WriteNumberValue(layer);
        json.WriteEndArray();
        if (settings.LayersPattern.Count > 0) WriteTexts(json, "layers_pattern", settings.LayersPattern);
    }

    private static void WritePattern(Utf8JsonWriter json, string key, TargetPattern pattern)
    {
        if (pattern.Expression is { } expression) json.WriteString(key, expression);
        else WriteTexts(json, key, pattern.Names);
    }

    private static void WriteFlags(Utf8JsonWriter json, string key, IReadOnlyList<bool> flags)
    {
        json.WriteStartArray(key);
        foreach (var flag in flags) json.WriteBooleanValue(flag);
        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string key, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(key);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
