import type { Message } from './en.js'

/** Tous les textes de la page. */
export const fr: Readonly<Record<Message, string>> = {
  skip: 'Aller au dessin',
  nav: 'Sections',
  model: 'Modèle',
  language: 'English',
  classroom: 'Pour la classe',
  'classroom.title': 'Une section, en grand',
  theme: 'Clair ou sombre',
  footer:
    'Tout tourne sur cet ordinateur : la page, les réseaux et leur entraînement. Rien de ce que vous dessinez n’en sort.',

  'read.title': 'Dessiner',
  'read.invite': 'Dessinez un chiffre',
  'read.invite.other': 'Dessinez l’un de {classes}',
  'read.invite.picture': 'Montrez-lui une image',
  'picture.why':
    '{model} lit des images de {size}, on ne dessine donc pas pour lui : une image que vous ouvrez est mise à cette taille.',
  'picture.open': 'Ouvrir une image',
  'picture.label': 'L’image telle que le réseau la voit',
  'picture.kind': '{file} n’est pas une image que ce navigateur sait lire',
  'picture.none': 'Il n’y a pas encore d’image.',
  'pen.label': 'Tableau : dessinez à la souris, au doigt ou au stylet',
  'pen.hint': '{classes}, aussi grand que vous voulez',
  'pen.width': 'Trait',
  'pen.undo': 'Annuler',
  'pen.clear': 'Effacer',
  'pen.example': 'Un chiffre de test',
  'pen.example.title': 'Mettre au tableau un chiffre du jeu de test',

  'verdict.blank': 'Le tableau est vide.',
  'verdict.untrained':
    '{model} n’a encore rien appris. Entraînez-le plus bas, ou avec « {program} train --model {model} ».',
  'verdict.sure': 'C’est un {answer} : {percent}, dit {model}.',
  'verdict.named': '{answer} : {percent}, dit {model}.',
  'verdict.unsure': 'Peut-être un {answer} : {percent}, dit {model}.',
  'bars.label': 'La probabilité de chaque réponse',
  'bars.digit': 'Réponse',
  compare: 'Comparer avec',
  'compare.other': 'Pas comparés, car ils distinguent autre chose : {models}.',

  'steps.title': 'Ce que l’on montre au réseau',
  'steps.scaled': 'Cadré sur l’encre et mis à l’échelle, proportions gardées : 20 pixels pour le plus long côté.',
  'steps.padded': 'Entouré de noir jusqu’à 28 × 28.',
  'steps.centred': 'Déplacé jusqu’à ce que son centre de masse soit au centre.',
  'steps.seen': 'Divisé par 255 : des nombres de 0 à 1, exactement ce que voit le réseau.',

  'disturb.title': 'Dérangez-le',
  'disturb.note':
    'Un réseau dense a appris chaque place séparément : déplacez le chiffre, et il se perd plus vite qu’une convolution.',
  'disturb.right': 'À droite',
  'disturb.down': 'Vers le bas',
  'disturb.turn': 'Tourner',
  'disturb.scale': 'Taille',
  'disturb.reset': 'Comme avant',

  'saliency.show': 'Montrer les pixels qui comptent',
  'saliency.note':
    'Le gradient du meilleur score : plus d’encre plaide pour la réponse là où c’est orange, contre elle là où c’est bleu.',

  'inside.title': 'À l’intérieur',
  'inside.lead':
    'Ce que chaque couche fait de votre dessin : orange au-dessus de 0, bleu au-dessous, noir 0. Pointez une unité pour voir ce qu’elle calcule, et de quoi ; un clic la retient.',
  'inside.blank': 'Dessinez un chiffre plus haut : son chemin à travers les couches apparaîtra ici.',
  'inside.layer': '{name} : {shape}',
  'inside.parameters': '{count} paramètres',
  'inside.title.input': 'Image',
  'inside.title.softmax': 'Softmax',
  'inside.input': 'Ce que voit le réseau : des nombres de 0 à 1.',
  'inside.conv2d': 'Chaque carte est un petit filtre glissé sur toute l’image : clair là où l’image lui ressemble.',
  'inside.relu': 'Les nombres négatifs deviennent 0 ; le reste ne change pas.',
  'inside.maxPool2d':
    'De chaque fenêtre on garde le plus grand nombre : plus petit, et moins pointilleux sur les places.',
  'inside.dense': 'Chaque unité est une somme pondérée de tous les nombres d’avant.',
  'inside.softmax':
    'Les scores deviennent des probabilités : la puissance de e de chacun, divisée par la somme de toutes.',
  'inside.other': 'Ce que cette couche fait de son entrée.',

  'unit.choose': 'Pointez une unité, ou allez sur une couche et prenez les flèches du clavier ; Entrée la retient.',
  'unit.title': '{layer}, unité {unit}',
  'unit.place': 'ligne {row}, colonne {column}',
  'unit.pin': 'Un clic la retient',
  'unit.pinned': 'Retenue : un autre clic la lâche',
  'unit.close': 'Fermer',
  'unit.softmax': 'y = eˣ / Σ eˣ',
  'unit.sum': 'y = Σ x·w + b',
  'unit.relu': 'y = max(0, x)',
  'unit.max': 'y = max x',
  'unit.other': 'y = f(x)',
  'unit.inputs': 'Entrées x',
  'unit.weights': 'Poids w',
  'unit.products': 'Produits x·w',

  'training.title': 'Entraîner',
  'training.lead':
    'Regardez un réseau apprendre de 60 000 chiffres. Il apprend en arrière-plan : dessinez, et voyez-le progresser.',
  'training.lr': 'Taux d’apprentissage',
  'training.lr.wrong': 'Un nombre au-dessus de 0, comme 0,001',
  'training.optimizer': 'Optimiseur',
  'training.seed': 'Graine',
  'training.epochs': 'Époques',
  'training.fresh': 'Repartir de zéro',
  'training.start': 'Entraîner',
  'training.pause': 'Pause',
  'training.resume': 'Reprendre',
  'training.stop': 'Arrêter',
  'training.progress': 'Avancement de l’entraînement',
  'training.loss': 'Perte',
  'training.accuracy': 'Exactitude',
  'training.images': 'Images vues',
  'training.loading': 'Chargement des 60 000 images d’entraînement…',
  'training.running': '{model}, époque {epoch} : perte {loss}, exactitude {accuracy}, {speed} images par seconde',
  'training.runs':
    'Trait plein : les images dont il apprend. Tirets : 1 000 des images de test, dont il n’apprend jamais.',
  'training.forget': 'Seulement le dernier essai',
  'training.meanwhile': 'Dessinez pendant ce temps',
  'training.templates': 'Ce qu’il a appris : ses poids, une image par réponse',
  'training.templates.note': 'L’encre là où c’est orange plaide pour cette réponse, là où c’est bleu contre elle.',
  'training.nothing':
    'C’est fini, mais {model} n’a rien appris : {accuracy} de bonnes réponses, et au hasard on en a 10 %. Essayez un autre taux d’apprentissage, comme {lr}.',
  'training.paused': 'En pause.',
  'training.over': 'Terminé : la page lit maintenant avec ce que {model} a appris.',
  'training.stopped': 'Arrêté. {model} garde ce qu’il a appris ; « Entraîner » reprend ici.',
  'training.diverged':
    'La perte n’est plus un nombre : {model} est redevenu ce qu’il était. Essayez un taux d’apprentissage plus petit.',
  'training.past': '{model} a appris jusqu’à l’époque {epoch}, avec {optimizer} à {lr} et la graine {seed}.',
  'training.past.within':
    '{model} a appris jusqu’à l’époque {epoch}, lot {batch}, avec {optimizer} à {lr} et la graine {seed}.',
  'training.elsewhere':
    '{model} n’a pas appris des chiffres de MNIST, les seuls que la page possède. Continuez avec « {program} train --model {model} --data … ».',
  'training.onward': 'Il continue de là, avec la mémoire de l’optimiseur.',
  'training.onward.forgetful': 'Il continue de là ; l’optimiseur commence sans mémoire.',
  'training.anew': '« Repartir de zéro » oublie tout cela.',

  'file.save': 'Enregistrer le réseau',
  'file.open': 'Ouvrir un réseau',
  'file.note': 'Des fichiers de « {program} train », dans storage/, et pour lui.',
  'file.opened': '{model} : {file} est ouvert.',

  'mistakes.title': 'Erreurs',
  'mistakes.lead':
    'Faites lire au réseau les 10 000 images de test, dont il n’a jamais rien appris, et regardez où il s’est trompé.',
  'mistakes.elsewhere':
    '{model} ne distingue pas des chiffres, et la page ne teste rien d’autre. Essayez « {program} test --model {model} --data … ».',
  'mistakes.start': 'Tester',
  'mistakes.running': '{done} sur 10 000',
  'mistakes.result': '{model} : {accuracy} de bonnes réponses, {errors} erreurs.',
  'mistakes.confusion':
    'Matrice de confusion : chaque ligne est un chiffre, chaque colonne ce qu’on y a lu. Choisissez une case pour voir ces erreurs.',
  'mistakes.cell': '{count} fois, un {label} a été lu {answer}',
  'mistakes.all': 'Les erreurs les plus assurées',
  'mistakes.filtered': '{label} lu {answer} : {count}',
  'mistakes.one': 'Un {label}, lu {answer} ({percent}) : le mettre au tableau',

  'code.title': 'Code postal',
  'code.lead': 'Ce pour quoi ces réseaux ont d’abord été construits : écrivez plusieurs chiffres côte à côte.',
  'code.label': 'Bande : écrivez plusieurs chiffres côte à côte',
  'code.other': '{model} ne lit pas ce que l’on écrit ici.',
  'code.example': 'Un code de test',
  'code.confidence': 'sûr des {count} à {percent}',

  'notice.failed': 'Quelque chose a échoué : {reason}',
  'notice.close': 'Fermer',
  'notice.starting': 'Les réseaux démarrent…',
}
