//! The headings of a brief's sections in the language of its item.

use crate::model::Section;
use crate::text::primary;

/// The words that stand around a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// *Summary*
    pub summary: &'static str,
    /// *What This Means for You*
    pub points: &'static str,
    /// *Original Post*
    pub original_post: &'static str,
    /// *Extra Information*
    pub further: &'static str,
    /// *People Also Ask*
    pub questions: &'static str,
    /// *Expert Opinion*
    pub opinion: &'static str,
    /// *Also reported by*
    pub also: &'static str,
    /// *Key Terms*
    pub key_terms: &'static str,
    /// *Original Source*
    pub source: &'static str,
    /// The publisher's categories, where there are no key terms.
    pub categories: &'static str,
    /// Where the brief's words come from.
    pub origin: &'static str,
    /// What is said of an item without any text.
    pub no_text: &'static str,
    /// What is said of one that is a picture.
    pub only_picture: &'static str,
    /// What stands before the date of a correction.
    pub updated: &'static str,
    /// The headline, as a part that was corrected.
    pub headline: &'static str,
}

const ENGLISH: Labels = Labels {
    summary: "Summary",
    points: "What This Means for You",
    original_post: "Original Post",
    further: "Extra Information",
    questions: "People Also Ask",
    opinion: "Expert Opinion",
    also: "Also reported by",
    key_terms: "Key Terms",
    source: "Original Source",
    categories: "Categories",
    origin: "Origin",
    no_text: "The publisher gives no text with this item.",
    only_picture: "This item is a picture without text.",
    updated: "Updated",
    headline: "Headline",
};
const GERMAN: Labels = Labels {
    summary: "Zusammenfassung",
    points: "Was das für Sie bedeutet",
    original_post: "Originalbeitrag",
    further: "Weitere Informationen",
    questions: "Häufige Fragen",
    opinion: "Expertenmeinung",
    also: "Darüber berichten auch",
    key_terms: "Schlüsselbegriffe",
    source: "Originalquelle",
    categories: "Kategorien",
    origin: "Herkunft",
    no_text: "Die Quelle gibt zu diesem Beitrag keinen Text.",
    only_picture: "Dieser Beitrag ist ein Bild ohne Text.",
    updated: "Aktualisiert",
    headline: "Überschrift",
};
const FRENCH: Labels = Labels {
    summary: "Résumé",
    points: "Ce que cela change pour vous",
    original_post: "Article d’origine",
    further: "Pour en savoir plus",
    questions: "Questions fréquentes",
    opinion: "Avis d’expert",
    also: "Également rapporté par",
    key_terms: "Mots-clés",
    source: "Source d’origine",
    categories: "Catégories",
    origin: "Origine",
    no_text: "La source ne donne pas de texte avec cet article.",
    only_picture: "Cet article est une image sans texte.",
    updated: "Mis à jour",
    headline: "Titre",
};
const SPANISH: Labels = Labels {
    summary: "Resumen",
    points: "Qué significa para usted",
    original_post: "Publicación original",
    further: "Más información",
    questions: "Preguntas frecuentes",
    opinion: "Opinión de experto",
    also: "También informan de ello",
    key_terms: "Términos clave",
    source: "Fuente original",
    categories: "Categorías",
    origin: "Origen",
    no_text: "La fuente no ofrece texto con esta noticia.",
    only_picture: "Esta noticia es una imagen sin texto.",
    updated: "Actualizado",
    headline: "Título",
};
const ITALIAN: Labels = Labels {
    summary: "In sintesi",
    points: "Che cosa significa per te",
    original_post: "Articolo originale",
    further: "Altre informazioni",
    questions: "Domande frequenti",
    opinion: "Parere dell’esperto",
    also: "Ne parlano anche",
    key_terms: "Parole chiave",
    source: "Fonte originale",
    categories: "Categorie",
    origin: "Origine",
    no_text: "La fonte non fornisce alcun testo.",
    only_picture: "Questo articolo è un'immagine senza testo.",
    updated: "Aggiornato",
    headline: "Titolo",
};
const PORTUGUESE: Labels = Labels {
    summary: "Resumo",
    points: "O que isto significa para si",
    original_post: "Publicação original",
    further: "Mais informações",
    questions: "Perguntas frequentes",
    opinion: "Opinião de especialista",
    also: "Também noticiado por",
    key_terms: "Palavras-chave",
    source: "Fonte original",
    categories: "Categorias",
    origin: "Origem",
    no_text: "A fonte não dá texto com este artigo.",
    only_picture: "Este artigo é uma imagem sem texto.",
    updated: "Atualizado",
    headline: "Título",
};
const DUTCH: Labels = Labels {
    summary: "Samenvatting",
    points: "Wat dit voor u betekent",
    original_post: "Oorspronkelijk bericht",
    further: "Meer informatie",
    questions: "Veelgestelde vragen",
    opinion: "Mening van een deskundige",
    also: "Ook gemeld door",
    key_terms: "Kernbegrippen",
    source: "Oorspronkelijke bron",
    categories: "Categorieën",
    origin: "Herkomst",
    no_text: "De bron geeft bij dit bericht geen tekst.",
    only_picture: "Dit bericht is een afbeelding zonder tekst.",
    updated: "Bijgewerkt",
    headline: "Kop",
};
const SWEDISH: Labels = Labels {
    summary: "Sammanfattning",
    points: "Vad det betyder för dig",
    original_post: "Ursprungligt inlägg",
    further: "Mer information",
    questions: "Vanliga frågor",
    opinion: "Expertutlåtande",
    also: "Rapporteras även av",
    key_terms: "Nyckelord",
    source: "Ursprunglig källa",
    categories: "Kategorier",
    origin: "Ursprung",
    no_text: "Källan ger ingen text till detta inlägg.",
    only_picture: "Detta inlägg är en bild utan text.",
    updated: "Uppdaterad",
    headline: "Rubrik",
};
const RUSSIAN: Labels = Labels {
    summary: "Кратко",
    points: "Что это значит для вас",
    original_post: "Исходная публикация",
    further: "Дополнительно",
    questions: "Частые вопросы",
    opinion: "Мнение эксперта",
    also: "Об этом также сообщают",
    key_terms: "Ключевые слова",
    source: "Первоисточник",
    categories: "Рубрики",
    origin: "Происхождение",
    no_text: "Источник не даёт текста к этой записи.",
    only_picture: "Эта запись – изображение без текста.",
    updated: "Обновлено",
    headline: "Заголовок",
};
const ARABIC: Labels = Labels {
    summary: "الملخص",
    points: "ماذا يعني هذا لك",
    original_post: "المنشور الأصلي",
    further: "معلومات إضافية",
    questions: "أسئلة شائعة",
    opinion: "رأي خبير",
    also: "مصادر أخرى أوردت الخبر",
    key_terms: "مصطلحات رئيسية",
    source: "المصدر الأصلي",
    categories: "التصنيفات",
    origin: "أصل الموجز",
    no_text: "لا يقدم المصدر نصا مع هذا الخبر.",
    only_picture: "هذا الخبر صورة بلا نص.",
    updated: "تم التحديث",
    headline: "العنوان",
};
const CHINESE: Labels = Labels {
    summary: "摘要",
    points: "这对您意味着什么",
    original_post: "原文",
    further: "更多信息",
    questions: "常见问题",
    opinion: "专家观点",
    also: "其他媒体的报道",
    key_terms: "关键词",
    source: "原始来源",
    categories: "分类",
    origin: "出处",
    no_text: "来源未提供此条目的正文。",
    only_picture: "此条目是一张图片，没有正文。",
    updated: "更新",
    headline: "标题",
};
const JAPANESE: Labels = Labels {
    summary: "要約",
    points: "あなたにとっての意味",
    original_post: "元の記事",
    further: "関連情報",
    questions: "よくある質問",
    opinion: "専門家の見解",
    also: "ほかの配信元の記事",
    key_terms: "キーワード",
    source: "情報源",
    categories: "カテゴリー",
    origin: "出所",
    no_text: "配信元はこの項目の本文を提供していません。",
    only_picture: "この項目は画像のみで、本文はありません。",
    updated: "更新",
    headline: "見出し",
};

impl Labels {
    /// Returns the heading of a section.
    pub fn of(&self, section: Section) -> &'static str {
        match section {
            Section::Title => self.headline,
            Section::Summary => self.summary,
            Section::Points => self.points,
            Section::OriginalPost => self.original_post,
            Section::Further => self.further,
            Section::Questions => self.questions,
            Section::Opinion => self.opinion,
            Section::KeyTerms => self.key_terms,
            Section::Source => self.source,
        }
    }
}

/// Returns the labels of a language; English for one that has none yet.
pub fn labels(lang: Option<&str>) -> Labels {
    match lang.map(primary).as_deref() {
        Some("de") => GERMAN,
        Some("fr") => FRENCH,
        Some("es") => SPANISH,
        Some("it") => ITALIAN,
        Some("pt") => PORTUGUESE,
        Some("nl") => DUTCH,
        Some("sv") => SWEDISH,
        Some("ru") => RUSSIAN,
        Some("ar") => ARABIC,
        Some("zh") => CHINESE,
        Some("ja") => JAPANESE,
        _ => ENGLISH,
    }
}
