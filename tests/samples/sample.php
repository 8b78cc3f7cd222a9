<?php
// Greets in the visitor's language: «Здравствуйте», “Bonjour”.
declare(strict_types=1);

const GREETINGS = ['ru' => 'Здравствуйте', 'fr' => 'Bonjour', 'de' => 'Grüß Gott'];

function greet(string $language, string $name): string
{
    $greeting = GREETINGS[$language] ?? 'Hello';
    return sprintf('%s, %s!', $greeting, htmlspecialchars($name));
}

echo greet('ru', 'Анна'), PHP_EOL;
